import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../lib/clock.ts';
import type { IngressAnswer } from './answer.ts';
import { discardBody } from '../read-body.ts';

/** Requests whose answers have not gone out to their end, by their connection, in their order. */
const unanswered = new WeakMap<Duplex, Set<IngressReply>>();

/** Whether the sender of this header `Expect` waits to be told to send its body. Node's parser asks the same. */
export function asksForLeave(expect: string): boolean {
  return /(?:^|\W)100-continue(?:$|\W)/i.test(expect);
}

/** The way back to the sender of one request. Answers once; a sender that is gone is not an error. */
export class IngressReply {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  #mayWrite: boolean;
  #isLast = false;

  constructor(request: IncomingMessage, response: ServerResponse, clock: Clock) {
    this.#request = request;
    this.#response = response;
    this.#clock = clock;
    this.#mayWrite = !asksForLeave(request.headers.expect ?? '');
    const others = unanswered.get(request.socket) ?? new Set();
    unanswered.set(request.socket, others.add(this));
    response.once('close', () => others.delete(this));
  }

  /**
   * What follows on this connection cannot be read. Answers whether there is an answer that is on its way,
   * or due because its request came in whole; it then is the last.
   */
  static endAfter(socket: Duplex): boolean {
    const last = [...(unanswered.get(socket) ?? [])].findLast(
      (reply) => reply.#request.complete || reply.#response.headersSent,
    );
    if (!last) return false;
    last.#endConnection(socket);
    return true;
  }

  /** Tells a sender that asked for leave to send its body. */
  letWrite(): void {
    if (!this.#mayWrite) this.#response.writeContinue();
    this.#mayWrite = true;
  }

  answer(answer: IngressAnswer): void {
    // Head and body in one packet.
    this.#response.end(this.#writeHead(answer) ? answer.body : undefined);
  }

  /**
   * For what is refused before its body has been read. Answers at once, for senders that listen while they
   * write; lets the others finish, within bounds; then ends the connection.
   */
  async refuse(answer: IngressAnswer): Promise<void> {
    this.#closeAfterwards();
    if (this.#writeHead(answer)) this.#response.write(answer.body);
    if (this.#mayWrite) await discardBody(this.#request, this.#clock);
    this.#response.end();
  }

  /** Answers, if nothing has been yet, and ends the connection, wherever the sender is. */
  fail(answer: IngressAnswer): void {
    this.#closeAfterwards();
    this.answer(answer);
  }

  /** False when nobody is left to answer, or an answer has begun. */
  #writeHead(answer: IngressAnswer): boolean {
    const response = this.#response;
    if (response.destroyed || response.headersSent) return false;
    if (answer.retryAfterSeconds !== undefined) response.setHeader('retry-after', answer.retryAfterSeconds);
    if (answer.allow !== undefined) response.setHeader('allow', answer.allow);
    response.writeHead(answer.status, {
      'content-type': answer.contentType,
      'content-length': Buffer.byteLength(answer.body),
      'x-content-type-options': 'nosniff',
    });
    return true;
  }

  #closeAfterwards(): void {
    if (!this.#response.headersSent) this.#response.setHeader('connection', 'close');
  }

  #endConnection(socket: Duplex): void {
    if (this.#isLast) return;
    this.#isLast = true;
    if (!this.#response.headersSent) {
      this.#response.setHeader('connection', 'close');
      return;
    }
    // Already written: it waits for the end of an earlier answer, or of its own request, which never comes.
    this.#response.once('close', () => socket.end(() => socket.destroy()));
    this.#response.end();
  }
}
