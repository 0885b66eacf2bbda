const kib = 1024;
const mib = 1024 * kib;

/**
 * Every fixed bound on what comes in and goes out, in one place. Bytes are UTF-8. Those that an operator
 * may change are the defaults in `src/config.ts`; these are the protocol's own.
 */
export const limits = {
  connectorIdBytesMax: 128,
  conversationBytesMax: 256,
  laneBytesMax: 2 * kib,
  identityBytesMax: 256,
  messageIdBytesMax: 128,
  dedupeKeyBytesMax: 512,
  emojiBytesMax: 128,
  cursorBytesMax: 64 * kib,
  handleBytesMax: 128,
  positionBytesMax: 64,
  noteBytesMax: 64 * kib,
  inboundTextBytesMax: 64 * kib,
  outboundTextBytesMax: 128 * kib,
  attachmentsMax: 32,
  attachmentUrlBytesMax: 1024,
  attachmentNameBytesMax: 512,
  attachmentTypeBytesMax: 256,
  rolesMax: 250,
  mentionsMax: 100,
  commandNameBytesMax: 512,
  commandArgsBytesMax: 32 * kib,
  structuredBytesMax: 128 * kib,
  secretBytesMax: 64 * kib,
  ruleListEntriesMax: 64,
  mentionPatternBytesMax: 128,
  integrationsMax: 1024,
  turnMessagesMax: 50,
  partsPerMessageMax: 100,
  /** How long an agent may take to post the messages of a turn. */
  awaitMsMax: 7 * 24 * 60 * 60 * 1_000,
  agentAnswerBytesMax: 4 * mib,
  webhookHeadersMax: 100,
  webhookHeaderBytesMax: 16 * kib,
  webhookBodyBytesMax: 25 * mib,
  adminBodyBytesMax: 1 * mib,
  pageSizeMax: 500,
  /** Repeats of one event that its trace names one by one. */
  repeatsNotedMax: 20,
  /** Events behind a message in its lane that are looked through for edits of it before its turn. */
  revisionsLookedAtMax: 100,
} as const;

export function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
