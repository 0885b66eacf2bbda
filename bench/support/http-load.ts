// A load generator of its own process: sends prepared requests over keep-alive connections, one at a time each.
import { createHmac, randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';

export interface LoadPlan {
  readonly url: string;
  readonly secret: string;
  readonly requests: number;
  readonly connections: number;
  /** Requests per second; absent means as fast as the answers come. */
  readonly rate?: number;
}

export interface LoadReport {
  readonly requests: number;
  readonly failed: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

process.on('message', (plan: LoadPlan) => {
  void runLoad(plan).then((report) => process.send?.(report));
});

async function runLoad(plan: LoadPlan): Promise<LoadReport> {
  const url = new URL(plan.url);
  const requests = Array.from({ length: plan.requests }, (_, index) => prepare(url, plan, index));
  const latencies: number[] = [];
  let failed = 0;
  let next = 0;
  const startedAt = performance.now();
  /** When the n-th request should leave; with a rate, waiting in our own queue counts as latency too. */
  const dueAt = (index: number): number =>
    plan.rate === undefined ? performance.now() : startedAt + (index * 1_000) / plan.rate;

  await Promise.all(
    Array.from({ length: plan.connections }, async () => {
      const connection = await Connection.open(url);
      for (let index = next++; index < requests.length; index = next++) {
        const due = dueAt(index);
        const early = due - performance.now();
        if (early > 1) await new Promise((resolve) => setTimeout(resolve, early));
        const status = await connection.send(requests[index]!);
        latencies.push(performance.now() - due);
        if (status !== 202) failed++;
      }
      connection.close();
    }),
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  latencies.sort((left, right) => left - right);
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return {
    requests: requests.length,
    failed,
    perSecond: requests.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}

/** As GitHub sends it, with an id that has nothing in common with the one before. */
function prepare(url: URL, { secret }: LoadPlan, index: number): Buffer {
  const id = randomUUID();
  const body = Buffer.from(
    JSON.stringify({
      action: 'opened',
      number: index,
      id,
      repository: { full_name: `octo/repo-${index % 50}` },
      padding: 'x'.repeat(900),
    }),
  );
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  const head = [
    `POST ${url.pathname} HTTP/1.1`,
    `Host: ${url.host}`,
    'Content-Type: application/json',
    'User-Agent: GitHub-Hookshot/bench',
    'X-GitHub-Event: issues',
    `X-GitHub-Delivery: ${id}`,
    `X-Hub-Signature-256: sha256=${signature}`,
    `Content-Length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}

/** As little HTTP as it takes: the status line, and as many bytes as Content-Length says. */
class Connection {
  readonly #socket: Socket;
  #buffered = '';
  #answered: (status: number) => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#onData(chunk.toString('latin1')));
    socket.on('close', () => this.#answered(0));
    socket.on('error', () => this.#answered(0));
  }

  static open(url: URL): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(Number(url.port), url.hostname, () => resolve(new Connection(socket)));
      socket.once('error', reject);
    });
  }

  send(request: Buffer): Promise<number> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #onData(text: string): void {
    this.#buffered += text;
    const end = this.#buffered.indexOf('\r\n\r\n');
    if (end === -1) return;
    const length = Number(/content-length: (\d+)/i.exec(this.#buffered)?.[1] ?? 0);
    if (this.#buffered.length < end + 4 + length) return;
    const status = Number(this.#buffered.slice(9, 12));
    this.#buffered = this.#buffered.slice(end + 4 + length);
    this.#answered(status);
  }
}
