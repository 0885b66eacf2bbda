import type { Bot } from './entities.ts';
import type { Json } from './form.ts';

/** One HTTP request to the API. */
export interface LoggedRequest {
  readonly at: number;
  readonly method: string;
  /** Below /api/v10, without the query. */
  readonly path: string;
  /** '/channels/{channel}/messages'; '' when no route fits. */
  readonly route: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly json: Json;
  readonly list: readonly unknown[] | undefined;
  readonly files: readonly {
    readonly filename: string;
    readonly contentType: string;
    readonly size: number;
  }[];
  readonly bot: Bot | undefined;
  /** What was answered; undefined while nothing is, or when nothing ever was. */
  status: number | undefined;
  /** The kind of the fault that was injected. */
  fault: string | undefined;
}

const requestsMax = 20_000;

/** The newest 20,000 requests. */
export class RequestLog {
  readonly #requests: LoggedRequest[] = [];
  #count = 0;

  get all(): readonly LoggedRequest[] {
    return this.#requests;
  }

  /** Since the beginning, those no longer kept included. */
  get count(): number {
    return this.#count;
  }

  of(method: string, route: string): readonly LoggedRequest[] {
    return this.#requests.filter((request) => request.method === method && request.route === route);
  }

  write(request: LoggedRequest): void {
    this.#count += 1;
    this.#requests.push(request);
    if (this.#requests.length > requestsMax) this.#requests.splice(0, requestsMax / 10);
  }
}
