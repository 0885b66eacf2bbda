import { getRequestListener } from '@hono/node-server';
import { createServer, type Server } from 'node:http';
import { AppError } from '../../domain/errors.ts';
import { type AdminDeps, createAdminApp } from './app.ts';
import { problemResponse } from './problem.ts';

const connectionsMax = 1_000;

/** The listener for operators: the admin app over HTTP. */
export function createAdminServer(deps: AdminDeps): Server {
  const app = createAdminApp(deps);
  const listener = getRequestListener(app.fetch, {
    // What cannot even be made a request of: a host or an address that no URL can have.
    errorHandler: () => {
      const error = new AppError('invalid_request', 'The address or the Host header is not valid.');
      return problemResponse(error, deps.nextId('req'));
    },
  });
  const timeouts = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 65_000 };
  const server = createServer(timeouts, (request, response) => void listener(request, response));
  server.maxConnections = connectionsMax;
  return server;
}
