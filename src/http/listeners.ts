import type { Server } from 'node:http';
import { AppError } from '../domain/errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { AdminDeps } from './admin/app.ts';
import { createAdminServer } from './admin/server.ts';
import { createIngressServer, type IngressDeps } from './ingress/server.ts';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface Listeners {
  readonly ingressUrl: string;
  readonly adminUrl: string;
  /** Takes no new connections, lets requests under way end, and closes. */
  close(): Promise<void>;
}

export interface ListenersDeps {
  readonly ingress: IngressDeps;
  readonly admin: AdminDeps;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Opens the two listeners, on different ports so that a proxy can expose one and not the other.
 * @throws AppError `unavailable` when a port is taken, with the flag that changes it.
 */
export async function openListeners(
  places: { readonly ingress: HostPort; readonly admin: HostPort },
  { clock, log, ...deps }: ListenersDeps,
): Promise<Listeners> {
  const ingress = createIngressServer(deps.ingress);
  const admin = createAdminServer(deps.admin);
  const ingressUrl = await listen(ingress, places.ingress, '--ingress', log);
  const adminUrl = await listen(admin, places.admin, '--admin', log).catch(async (error: unknown) => {
    await close(ingress, clock);
    throw error;
  });
  return {
    ingressUrl,
    adminUrl,
    close: async () => {
      await Promise.all([close(ingress, clock), close(admin, clock)]);
    },
  };
}

async function listen(server: Server, place: HostPort, flag: string, log: Logger): Promise<string> {
  const { host, port } = place;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(cannotListen(place, flag, cause)));
    server.listen(port, host, resolve);
  });
  // A connection that could not be taken, e.g. for want of file descriptors, is no reason to stop.
  server.removeAllListeners('error').on('error', (error) => log.error('listener.failed', { flag, error }));
  const address = server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
}

function cannotListen({ host, port }: HostPort, flag: string, cause: NodeJS.ErrnoException): AppError {
  const why = cause.code === 'EADDRINUSE' ? 'is in use already' : `cannot be used (${cause.code ?? 'error'})`;
  return new AppError(
    'unavailable',
    `${host}:${port} ${why}. Choose another with ${flag} HOST:PORT; port 0 takes a free one.`,
    { cause },
  );
}

const closeGraceMs = 2_000;
const closeIdleEveryMs = 25;

function close(server: Server, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    let cancelIdle = (): void => undefined;
    // A connection whose request has been answered is idle only then, and would wait for its next.
    const closeIdle = (): void => {
      server.closeIdleConnections();
      cancelIdle = clock.after(closeIdleEveryMs, closeIdle);
    };
    // What still streams or hangs after the grace is cut.
    const cancelGrace = clock.after(closeGraceMs, () => server.closeAllConnections());
    server.close(() => {
      cancelIdle();
      cancelGrace();
      resolve();
    });
    closeIdle();
  });
}
