import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

/** What came before the body. */
export interface ResponseHead {
  readonly status: number;
  /** Names in lower case; values of one name joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
}

/**
 * One request on one connection, as undici tells of it. Knows better than undici's own `request` whether
 * anything was sent, and makes sure that nothing is sent twice.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal;
  readonly #head = Promise.withResolvers<ResponseHead>();
  #body: Readable | undefined;
  #sent = false;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    this.#head.promise.catch(() => undefined);
  }

  get head(): Promise<ResponseHead> {
    return this.#head.promise;
  }

  /** True from the moment before the first byte is handed to a connection. */
  get sent(): boolean {
    return this.#sent;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const abort = (): void => controller.abort(toError(this.#signal.reason));
    // undici takes a request up again when its connection ends in certain ways; ours might be applied twice.
    if (this.#sent) controller.abort(new Error('The connection ended under the request.'));
    else if (this.#signal.aborted) abort();
    else {
      this.#sent = true;
      this.#signal.addEventListener('abort', abort, { once: true });
    }
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return;
    const body = new Readable({
      read: () => controller.resume(),
      destroy: (error, done) => {
        controller.abort(error ?? new Error('The body was not wanted.'));
        done(error);
      },
    });
    // Nobody may be reading it at the moment it breaks; whoever reads it gets the error all the same.
    body.on('error', () => undefined);
    this.#body = body;
    this.#head.resolve({ status, headers: flatten(headers), body });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#body?.push(chunk) === false) controller.pause();
  }

  onResponseEnd(): void {
    this.#body?.push(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#head.reject(error);
    this.#body?.destroy(error);
  }
}

function flatten(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const flat = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('Aborted.');
}
