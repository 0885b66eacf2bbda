import { createAdaptorServer } from '@hono/node-server';
import type { Server } from 'node:http';
import { AppError } from '../domain/errors.ts';
import type { Clock } from '../lib/clock.ts';
import { type AdminDeps, createAdminApp } from './admin/app.ts';
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

const adminTimeouts = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 65_000 };

/**
 * Opens the two listeners, on different ports so that a proxy can expose one and not the other.
 * @throws AppError `unavailable` when a port is taken, with the flag that changes it.
 */
export async function openListeners(
  places: { readonly ingress: HostPort; readonly admin: HostPort },
  deps: { readonly ingress: IngressDeps; readonly admin: AdminDeps; readonly clock: Clock },
): Promise<Listeners> {
  const ingress = createIngressServer(deps.ingress);
  const app = createAdminApp(deps.admin);
  const admin = createAdaptorServer({ fetch: app.fetch, serverOptions: adminTimeouts }) as Server;
  const ingressUrl = await listen(ingress, places.ingress, '--ingress');
  const adminUrl = await listen(admin, places.admin, '--admin').catch(async (error: unknown) => {
    await close(ingress, deps.clock);
    throw error;
  });
  return {
    ingressUrl,
    adminUrl,
    close: async () => {
      await Promise.all([close(ingress, deps.clock), close(admin, deps.clock)]);
    },
  };
}

function listen(server: Server, { host, port }: HostPort, flag: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'is in use already' : `cannot be used (${cause.code ?? 'error'})`;
      reject(new AppError('unavailable', `${host}:${port} ${why}. Choose another with ${flag} HOST:PORT; port 0 takes a free one.`, { cause }));
    });
    server.listen(port, host, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address ? address.port : port;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${bound}`);
    });
  });
}

const closeGraceMs = 2_000;

function close(server: Server, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    // What still streams or hangs after the grace is cut.
    const cancel = clock.after(closeGraceMs, () => server.closeAllConnections());
    server.close(() => {
      cancel();
      resolve();
    });
    server.closeIdleConnections();
  });
}
