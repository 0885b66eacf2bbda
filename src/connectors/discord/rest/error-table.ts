import { rowByCode } from './error-codes.ts';
import { type ErrorRow, gone, later, rejected } from './error-row.ts';

/** Where the code says nothing: https://docs.discord.com/developers/topics/opcodes-and-status-codes#http */
const byStatus: Readonly<Record<number, ErrorRow>> = {
  400: rejected('message_invalid', 'The server does not take the request as it is.'),
  401: rejected(
    'unauthenticated',
    'The token is not accepted. Store a new one from the developer portal.',
    'connector',
  ),
  403: rejected('permission_missing', 'A permission is missing in that channel.', 'lane'),
  404: rejected('destination_unavailable', 'The server does not know that channel or message.', 'lane'),
  405: rejected('operation_unsupported', 'The server does not have this operation. Check apiBaseUrl.'),
  408: {
    outcome: 'retry',
    scope: 'lane',
    reason: 'platform_error',
    hint: 'The server did not get all of the request.',
  },
  410: gone('It is not there any more.'),
  413: rejected('message_invalid', 'The message or a file of it is too large.'),
  415: rejected('message_invalid', 'The server does not take this kind of content.'),
  425: {
    outcome: 'retry',
    scope: 'lane',
    reason: 'platform_error',
    hint: 'The server wants the request again.',
  },
  429: later('rate_limited', 'The server asks to wait.', 1_000),
};

const redirected = rejected(
  'connector_misconfigured',
  'The server answers with a redirect. Check apiBaseUrl.',
  'connector',
);
const failed: ErrorRow = {
  outcome: 'unknown',
  scope: 'lane',
  reason: 'platform_error',
  hint: 'The server failed on its side.',
};
const refused = rejected('platform_rejected', 'The server refuses this.');

/**
 * What an error means. A code that the table does not have counts by its status; and when the server failed,
 * no code makes it certain that nothing was applied, but those that ask to come back.
 */
export function errorRowOf(status: number, code: number): ErrorRow {
  const row = rowByCode.get(code) ?? byStatus[status];
  if (status >= 500) return row?.outcome === 'retry' || row?.outcome === 'deferral' ? row : failed;
  return row ?? (status < 400 ? redirected : refused);
}
