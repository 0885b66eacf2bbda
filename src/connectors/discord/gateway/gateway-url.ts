import { AppError } from '../../../domain/errors.ts';
import type { EgressPolicy } from '../../../lib/net-guard.ts';
import { checkSocketUrl } from '../../../lib/socket.ts';

export type Compression = 'zlib-stream' | 'none';

/**
 * The URL to connect to, from one that the API or READY named. The same query goes with both: a session is
 * resumed with the version and encoding that it began with
 * (https://docs.discord.com/developers/events/gateway#connecting).
 *
 * @throws AppError `config_invalid` when it is not the URL of a socket; as `checkSocketUrl` when the policy
 *   does not admit it.
 */
export function toGatewayUrl(
  base: string,
  { compress, policy }: { readonly compress: Compression; readonly policy: EgressPolicy },
): string {
  const url = URL.parse(base);
  if (!url || !/^wss?:$/.test(url.protocol)) {
    const message = 'The API named a gateway that is not a wss URL. Check the API base URL.';
    throw new AppError('config_invalid', message);
  }
  url.searchParams.set('v', '10');
  url.searchParams.set('encoding', 'json');
  if (compress === 'none') url.searchParams.delete('compress');
  else url.searchParams.set('compress', compress);
  checkSocketUrl(url.href, policy);
  return url.href;
}
