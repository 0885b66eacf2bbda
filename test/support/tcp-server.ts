import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

export interface TcpServer {
  readonly port: number;
  /** Every complete request, head and body as text, in order of arrival. */
  readonly requests: readonly string[];
  readonly connections: () => number;
  /** The sockets that are open. */
  readonly sockets: ReadonlySet<Socket>;
  /** Resolves when `count` requests have arrived in all. */
  arrived(count: number): Promise<void>;
  close(): Promise<void>;
}

/** A server for faults that a well-behaved one cannot make: `answer` writes what it likes on the bare socket. */
export async function openTcpServer(
  answer: (socket: Socket, request: string, nth: number) => void,
  host = '127.0.0.1',
  port = 0,
): Promise<TcpServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const waiting: { count: number; resolve: () => void }[] = [];
  let connections = 0;
  const server: Server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    let buffered = '';
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      buffered += chunk.toString('latin1');
      for (let request = takeRequest(buffered); request !== undefined; request = takeRequest(buffered)) {
        buffered = buffered.slice(request.length);
        requests.push(request);
        answer(socket, request, requests.length);
        for (const { count, resolve } of waiting) if (requests.length >= count) resolve();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    connections: () => connections,
    sockets,
    arrived: (count) =>
      requests.length >= count
        ? Promise.resolve()
        : new Promise((resolve) => waiting.push({ count, resolve })),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function takeRequest(buffered: string): string | undefined {
  const end = buffered.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(buffered.slice(0, end))?.[1] ?? 0);
  const size = end + 4 + length;
  return buffered.length < size ? undefined : buffered.slice(0, size);
}
