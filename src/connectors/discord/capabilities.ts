import type { Capability, ConnectorCapabilities, ConnectorOperation } from '../connector.ts';

/** What an account needs for an operation, in the words of Discord's own settings. */
const reading = ['View Channels', 'Read Message History'] as const;
const sending = [...reading, 'Send Messages'] as const;

const operations: Readonly<Record<ConnectorOperation, Omit<Capability, 'supported'>>> = {
  send: plain('channel.send', 'message.send', 'medium', sending),
  reply: plain('message.reply', 'message.reply', 'medium', sending),
  thread: plain('message.thread', 'message.thread', 'medium', [...sending, 'Send Messages in Threads']),
  typing: plain('channel.typing', 'message.typing', 'low', ['View Channels', 'Send Messages']),
  read: plain('channel.message.read', 'message.read', 'low', reading),
  search: plain('channel.message.search', 'message.search', 'low', reading),
  edit: governed('channel.message.edit', 'message.edit', sending),
  delete: governed('channel.message.delete', 'message.delete', [...reading, 'Manage Messages']),
  react: governed('channel.message.react', 'message.react', [...reading, 'Add Reactions']),
};

/** How long a repeat with the same nonce is recognised. The documentation says "in the past few minutes", so no more than two are counted on. */
const nonceMs = 120_000;

export const discordCapabilities: ConnectorCapabilities = {
  operations: Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => [name, { supported: true, ...operation }]),
  ) as Record<ConnectorOperation, Capability>,
  inbound: [
    'message.created',
    'message.edited',
    'message.deleted',
    'reaction.added',
    'reaction.removed',
    'command',
    'action',
    'membership',
  ],
  /** https://docs.discord.com/developers/resources/message#create-message */
  textMax: 2_000,
  idempotentSendMs: nonceMs,
};

function plain(
  policyAction: string,
  auditType: string,
  risk: Capability['risk'],
  permissions: readonly string[],
): Omit<Capability, 'supported'> {
  return { policyAction, auditType, risk, permissions, approval: 'none' };
}

/** Whether somebody has to approve it depends on the message: see the table of governance. */
function governed(
  policyAction: string,
  auditType: string,
  permissions: readonly string[],
): Omit<Capability, 'supported'> {
  return { policyAction, auditType, risk: 'conditional', permissions, approval: 'conditional' };
}
