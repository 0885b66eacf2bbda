import { AppError, type ErrorCode, errorTable } from '../domain/errors.ts';
import type { Api, Operation } from '../http/contract/contract.ts';

/** What an operation takes, as the contract says it; parts that may be empty may be left out. */
type Input<Key extends Operation> = {
  readonly params?: Infer<Api[Key]['params'], 'input'>;
  readonly query?: Infer<Api[Key]['query'], 'input'>;
  readonly body?: Infer<Api[Key]['body'], 'input'>;
  readonly idempotencyKey?: string;
  /** How long to wait for the answer; longer where the daemon itself waits for something. */
  readonly timeoutMs?: number;
};

type Infer<Schema, Side extends 'input' | 'output'> = Schema extends { _zod: Record<Side, infer Value> }
  ? Value
  : never;

export type Answer<Key extends Operation> = Infer<Api[Key]['response'], 'output'>;

/** The admin API, typed by its contract. @throws AppError with the code that the daemon gave. */
export type ApiClient = {
  <Key extends Operation>(operation: Key, input?: Input<Key>): Promise<Answer<Key>>;
  /** The event stream, entry by entry as they come, until the daemon ends it; throws when `signal` aborts or the connection breaks. */
  stream(query: Readonly<Record<string, string>>, signal: AbortSignal): AsyncGenerator;
};

export interface Connection {
  readonly adminUrl: string;
  readonly token: string;
}

const usualTimeoutMs = 120_000;

type Init = Omit<RequestInit, 'headers' | 'signal'> & {
  readonly headers?: Readonly<Record<string, string>>;
  /** For all of it, in ms, or until it aborts. */
  readonly until: number | AbortSignal;
};

export function createClient({ adminUrl, token }: Connection): ApiClient {
  const base = `${adminUrl.replace(/\/$/, '')}/admin/v1`;
  const request = async (method: string, path: string, { until, ...init }: Init): Promise<Response> => {
    try {
      return await fetch(`${base}${path}`, {
        ...init,
        method,
        signal: typeof until === 'number' ? AbortSignal.timeout(until) : until,
        headers: { ...init.headers, authorization: `Bearer ${token}` },
      });
    } catch (cause) {
      throw isTimeout(cause)
        ? new AppError('timeout', `The daemon at ${adminUrl} gave no answer in ${Number(until) / 1_000} s.`, {
            cause,
          })
        : new AppError('unavailable', `No daemon answers at ${adminUrl}. Start one: palyra up.`, { cause });
    }
  };

  const call = async (operation: Operation, input: Input<Operation> = {}): Promise<unknown> => {
    const [method = '', template = ''] = operation.split(' ');
    const params = (input.params ?? {}) as Record<string, string>;
    const path = template.replace(/\{(\w+)\}/g, (_match, name: string) =>
      encodeURIComponent(params[name] ?? ''),
    );
    const response = await request(method, `${path}${toQuery(input.query)}`, {
      until: input.timeoutMs ?? usualTimeoutMs,
      headers: {
        ...(input.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(input.idempotencyKey === undefined ? {} : { 'idempotency-key': input.idempotencyKey }),
      },
      ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
    });
    if (!response.ok) throw await toError(response);
    return response.json().catch((cause: unknown) => {
      throw new AppError('unavailable', `The answer from ${adminUrl} broke off, or is no daemon's.`, {
        cause,
      });
    });
  };

  async function* stream(query: Readonly<Record<string, string>>, signal: AbortSignal): AsyncGenerator {
    const response = await request('GET', `/events/stream${toQuery(query)}`, { until: signal });
    if (!response.ok || !response.body) throw await toError(response);
    let buffered = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const messages = `${buffered}${chunk}`.split('\n\n');
      buffered = messages.pop() ?? '';
      for (const message of messages) {
        const data = message.split('\n').find((line) => line.startsWith('data: '));
        if (data !== undefined) yield JSON.parse(data.slice('data: '.length));
      }
    }
  }

  return Object.assign(call, { stream }) as unknown as ApiClient;
}

function isTimeout(cause: unknown): boolean {
  return cause instanceof DOMException && cause.name === 'TimeoutError';
}

function toQuery(query: Record<string, unknown> | undefined): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  return given.length === 0
    ? ''
    : `?${new URLSearchParams(Object.fromEntries(given.map(([key, value]) => [key, String(value)]))).toString()}`;
}

async function toError(response: Response): Promise<AppError> {
  const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
  const code =
    problem.code !== undefined && Object.hasOwn(errorTable, problem.code)
      ? (problem.code as ErrorCode)
      : 'internal';
  return new AppError(code, problem.detail ?? `The daemon answered ${response.status}.`);
}
