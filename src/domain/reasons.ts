/**
 * The one word for why, of every decision, outcome and state, with what it means and what to do.
 * `docs/reason-codes.md` and `palyra why` are made from this table.
 */
export const reasonTable = {
  queued: { meaning: 'It is stored, and its turn has not come yet.', hint: '' },

  // Routing: accepted.
  routed: { meaning: 'A rule accepted the event for an agent.', hint: '' },

  // Routing: ignored or denied, in the order in which the router looks.
  message_empty: { meaning: 'The message has neither text nor attachments.', hint: '' },
  message_oversized: {
    meaning: 'The message is over the size limit; its text was cut.',
    hint: 'Ask the sender to split it or to send a file.',
  },
  event_oversized: {
    meaning:
      'An id, a name or the data of the event is over its limit and was cut, so it cannot be acted upon.',
    hint: '',
  },
  message_withdrawn: {
    meaning: 'The message was deleted before its turn came.',
    hint: '',
  },
  revision_applied: {
    meaning: 'It changed a message that still waited for its turn, and is part of that now.',
    hint: '',
  },
  own_message: { meaning: 'The message was sent by this very account.', hint: '' },
  platform_notice: {
    meaning:
      'The platform itself wrote it: that somebody joined, that a message was pinned, the name of a thread.',
    hint: '',
  },
  no_matching_rule: { meaning: 'No rule selects this event.', hint: 'Add one: palyra router rules set.' },
  rule_disabled: {
    meaning: 'The rule that selects this event is switched off.',
    hint: 'Enable it: palyra router rules set <id> --enabled yes.',
  },
  ignored_by_rule: { meaning: 'The rule that selects this event says to ignore it.', hint: '' },
  denied_by_rule: { meaning: 'The rule that selects this event says to deny it.', hint: '' },
  sender_denied: {
    meaning: 'The sender is on the deny list of the rule.',
    hint: 'Take the sender off denyFrom.',
  },
  sender_is_bot: {
    meaning: 'Another bot or incoming webhook wrote this, and the rule does not admit bots.',
    hint: 'Set bots to "allow" in the rule if you trust it.',
  },
  bot_loop_guard: {
    meaning: 'Too many turns in a row between bots in this conversation.',
    hint: 'A message by a person to which the agent listens opens the conversation again.',
  },
  bot_budget_spent: {
    meaning: 'This bot has caused as many turns within 24 hours as it may.',
    hint: 'It gets more as those grow old. If you trust it, raise inbox.botTurnsPerDayMax.',
  },
  sender_unverified_for_allowlist: {
    meaning: 'The rule is for certain senders only, and the platform did not vouch for this one.',
    hint: '',
  },
  sender_not_allowlisted: {
    meaning: 'The sender is not on the allow list of the rule.',
    hint: 'Add the sender to allowFrom.',
  },
  direct_message_denied_by_policy: {
    meaning: 'The rule takes no direct messages.',
    hint: 'Set directMessages to "allow", "allowlist" or "pairing".',
  },
  sender_unverified_for_dm_pairing: {
    meaning: 'Pairing needs a sender for whom the platform vouches.',
    hint: '',
  },
  direct_message_pairing_required: {
    meaning: 'The sender has no pairing grant.',
    hint: 'Give the sender a pairing code.',
  },
  pairing_pending_approval: {
    meaning: 'The sender gave a good pairing code; somebody has to approve it.',
    hint: 'See: palyra approvals list.',
  },
  pairing_code_invalid: { meaning: 'The sender gave a pairing code that is not one.', hint: '' },
  pairing_code_expired: {
    meaning: 'The sender gave a pairing code whose time was over.',
    hint: 'Make another: palyra channels pairing code.',
  },
  pairing_locked: {
    meaning: 'The sender gave too many wrong pairing codes, and has to wait.',
    hint: '',
  },
  pairing_already_active: { meaning: 'The sender is paired already.', hint: '' },
  no_matching_mention: {
    meaning: 'Nobody addressed the bot: no mention, reply, known thread or pattern.',
    hint: 'Mention the bot, or set mention.required to false in the rule.',
  },
  broadcast_denied_by_policy: {
    meaning: 'The sender asked for a broadcast, which the rule forbids.',
    hint: '',
  },
  broadcast_requires_mention_match: {
    meaning: 'The sender asked for a broadcast without mentioning the bot.',
    hint: '',
  },
  agent_missing: {
    meaning: 'The rule names an agent that does not exist.',
    hint: 'Add it: palyra agents set. The event waits.',
  },
  reply_address_missing: {
    meaning: 'The event has no conversation, and its rule has no replyTo: the answer has no place to go.',
    hint: 'Set replyTo in the rule.',
  },

  // Turns.
  answered: { meaning: 'The agent finished the turn.', hint: '' },
  awaiting_agent: { meaning: 'The agent took the turn and will post its messages later.', hint: '' },
  agent_busy: {
    meaning: 'The agent works on as many turns as it may.',
    hint: 'Raise its concurrency, or wait.',
  },
  agent_unavailable: {
    meaning: 'The agent could not be reached or failed; the turn is tried again.',
    hint: 'Check the agent: palyra agents test.',
  },
  agent_timeout: {
    meaning: 'The agent did not answer in time; the turn is tried again.',
    hint: 'Raise its timeout, or answer 202 and post later.',
  },
  agent_rejected: {
    meaning: 'The agent refused the turn for good.',
    hint: 'Look at what it answered: palyra trace.',
  },
  agent_answer_invalid: {
    meaning: 'The agent answered something that is not a list of messages.',
    hint: 'See the agent protocol in docs/agents.md.',
  },
  agent_failed: { meaning: 'The agent threw an error.', hint: 'Look at the log of the daemon.' },
  turn_interrupted: {
    meaning: 'The daemon stopped or lost its lease in the middle of the turn; it is tried again.',
    hint: '',
  },
  turn_retry_limit_reached: {
    meaning: 'The turn failed as often as it may.',
    hint: 'Mend the agent, then: palyra channels dead-letters replay.',
  },
  daemon_stopping: { meaning: 'The daemon was stopped; the row continues at the next start.', hint: '' },

  // Deliveries.
  delivered: { meaning: 'The platform has it.', hint: '' },
  delivered_after_reconcile: {
    meaning: 'The answer had been lost; the platform was asked and has it.',
    hint: '',
  },
  connector_offline: { meaning: 'The connector has no live session.', hint: 'See: palyra channels status.' },
  connector_restarting: {
    meaning: 'The session ended during the attempt, before anything was sent.',
    hint: '',
  },
  connector_disabled: {
    meaning: 'The connector is switched off; its queue waits.',
    hint: 'palyra channels enable <id>.',
  },
  queue_paused: { meaning: 'The operator paused the queue.', hint: 'palyra channels resume <id>.' },
  rate_limited: { meaning: 'The platform asked to wait.', hint: '' },
  transient_network: { meaning: 'The platform could not be reached; nothing was sent.', hint: '' },
  platform_error: { meaning: 'The platform failed on its side.', hint: '' },
  answer_lost: { meaning: 'The request was sent and its answer was lost.', hint: '' },
  attempt_interrupted: {
    meaning: 'The daemon died during an attempt; nobody knows whether it was applied.',
    hint: '',
  },
  unknown_outcome_held: {
    meaning: 'Nobody can tell whether it was applied, and the policy is to ask you.',
    hint: 'Look on the platform, then replay or discard it.',
  },
  resent_labelled: { meaning: 'It may be a repeat, and was sent again with a label that says so.', hint: '' },
  platform_rejected: { meaning: 'The platform refused the message for good.', hint: '' },
  message_invalid: {
    meaning: 'The platform does not take the message as it is.',
    hint: 'The detail says which part of it.',
  },
  destination_unavailable: {
    meaning: 'The conversation is not there, or the connector cannot reach it.',
    hint: 'The detail says why. Mend it on the platform, then replay.',
  },
  permission_missing: {
    meaning: 'The account lacks a permission on the platform.',
    hint: 'Grant it there, then replay.',
  },
  message_gone: { meaning: 'The message is not there any more.', hint: '' },
  operation_unsupported: {
    meaning: 'The connector cannot do this operation.',
    hint: 'See: palyra channels capabilities <id>.',
  },
  unauthenticated: {
    meaning: 'The platform does not accept the credential; the queue is held.',
    hint: 'Store a good one: palyra secrets set. The queue then goes on.',
  },
  credential_missing: {
    meaning: 'The connector has no credential in the vault.',
    hint: 'palyra secrets set <scope>/<key>.',
  },
  connector_misconfigured: {
    meaning: 'The configuration of the connector does not work.',
    hint: 'Correct it: palyra channels add.',
  },
  account_taken: {
    meaning: 'Another connector is connected as the same account of the platform.',
    hint: 'Remove one of the two, or give it a credential of its own: palyra secrets set.',
  },
  vault_locked: {
    meaning: 'The vault has no working master key; queues wait.',
    hint: 'Provide the key: palyra doctor tells how.',
  },
  retry_limit_reached: {
    meaning: 'Every attempt that it may have has failed.',
    hint: 'Mend the cause, then replay it.',
  },
  deferral_limit_reached: {
    meaning: 'The platform kept asking to wait, more often than we follow.',
    hint: 'Replay it later.',
  },
  age_limit_reached: {
    meaning: 'It kept failing for longer than it is worth.',
    hint: 'Replay it if it still matters.',
  },
  group_held: {
    meaning: 'An earlier part of the same message is dead; a message is not sent with a hole in it.',
    hint: 'Replay or discard the dead part.',
  },
  discarded_by_operator: { meaning: 'The operator threw it away.', hint: '' },
  connector_removed: { meaning: 'Its connector was removed.', hint: '' },
  internal_error: { meaning: 'A bug in this program.', hint: 'Look at the log, and report it.' },

  // Connectors.
  started: { meaning: 'The session is live.', hint: '' },
  session_ended: { meaning: 'The session ended and is opened again.', hint: '' },
  session_failed: { meaning: 'The session could not be opened or broke.', hint: '' },
  crash_loop: {
    meaning: 'The session kept breaking; the breaker waits longer before the next start.',
    hint: 'See: palyra channels logs <id>.',
  },
  owned_elsewhere: { meaning: 'Another daemon on the same store holds this connector.', hint: '' },

  // Attachments.
  attachment_stored: { meaning: 'The file was taken and is kept here.', hint: '' },
  attachment_too_large: {
    meaning: 'The file is over the limit, or all files of its message together are.',
    hint: 'Raise attachments.bytesMax or attachments.totalBytesMax.',
  },
  attachment_too_many: {
    meaning: 'The message has more files than are taken.',
    hint: 'Raise attachments.countMax.',
  },
  attachment_type_refused: {
    meaning: 'The bytes of the file are of no type that is taken.',
    hint: 'Adjust attachments.types.',
  },
  attachment_unavailable: { meaning: 'The file could not be fetched.', hint: '' },
  attachment_over_quota: {
    meaning: 'The store of files is full.',
    hint: 'Raise attachments.storeBytesMax, or shorten attachments.keepMs.',
  },
  artifact_expired: { meaning: 'The file was kept for as long as files are kept, and is gone.', hint: '' },

  // Approvals.
  approval_required: {
    meaning: 'Somebody else has to approve it first.',
    hint: 'palyra approvals list.',
  },

  // Webhook deliveries.
  verified: { meaning: 'The signature is good; the event is stored.', hint: '' },
  duplicate: { meaning: 'The same event was accepted before; this one changes nothing.', hint: '' },
  duplicate_content: {
    meaning:
      'What the provider signed was accepted before, under another id of the provider or without one; this one changes nothing.',
    hint: 'If it is another event that looks the same, run it: palyra webhooks replay.',
  },
  challenge_answered: { meaning: 'The provider checked the address and got its answer.', hint: '' },
  signature_missing: {
    meaning: 'There is no signature header.',
    hint: 'Set the secret at the provider too.',
  },
  signature_malformed: {
    meaning: 'The signature header cannot be read.',
    hint: 'Check that the provider of the integration is right.',
  },
  signature_duplicated: { meaning: 'A header that must stand alone came more than once.', hint: '' },
  signature_mismatch: {
    meaning: 'No active secret makes this signature.',
    hint: 'Compare the secrets, and that nothing rewrites the body on the way.',
  },
  body_reencoded: {
    meaning:
      'The signature fits the same JSON written differently: something on the way re-encoded the body.',
    hint: 'Make the proxy pass the body through untouched.',
  },
  timestamp_missing: { meaning: 'There is no timestamp header.', hint: '' },
  timestamp_malformed: { meaning: 'The timestamp is not a plain whole number of seconds.', hint: '' },
  timestamp_too_old: {
    meaning: 'The timestamp is too far in the past.',
    hint: 'Check the clocks of both sides.',
  },
  timestamp_in_future: {
    meaning: 'The timestamp is too far in the future.',
    hint: 'Check the clocks of both sides.',
  },
  integration_disabled: { meaning: 'The integration is switched off.', hint: 'palyra webhooks enable <id>.' },
  invalid_secret_ref: {
    meaning: 'The secret reference of the integration is not a vault reference.',
    hint: 'palyra webhooks add … --secret-ref.',
  },
  secret_not_found: {
    meaning: 'The secret of the integration is not in the vault.',
    hint: 'palyra webhooks rotate <id>.',
  },
  secret_unreadable: {
    meaning: 'The secret of the integration is damaged, or under a master key that the vault does not have.',
    hint: 'Store it again: palyra webhooks rotate <id>.',
  },
  source_not_allowed: {
    meaning: 'The sender’s address is not among the allowed sources.',
    hint: 'Adjust --allow-source.',
  },
  event_not_allowed: { meaning: 'The event is not among the allowed events.', hint: 'Adjust --allow-event.' },
  payload_too_large: {
    meaning: 'The body is over the limit of the integration.',
    hint: 'Raise --max-payload-bytes.',
  },
  payload_invalid: {
    meaning: 'The signature is good, but the body is not what the provider sends.',
    hint: '',
  },
  store_unavailable: {
    meaning: 'The event could not be stored, so it was refused.',
    hint: 'Check the disk: palyra doctor.',
  },
} as const satisfies Record<string, { readonly meaning: string; readonly hint: string }>;

export type ReasonCode = keyof typeof reasonTable;

export function isReasonCode(text: string): text is ReasonCode {
  return Object.hasOwn(reasonTable, text);
}
