import { constants, createDeflate, type Deflate } from 'node:zlib';

/**
 * The transport compression of one connection: one context for its whole life, each message ended by a sync
 * flush (00 00 ff ff). Messages come out in the order in which they went in.
 */
export class ZlibStream {
  readonly #deflate: Deflate = createDeflate();
  readonly #send: (chunk: Buffer) => void;
  #chunks: Buffer[] = [];
  #tail: Promise<void> = Promise.resolve();

  constructor(send: (chunk: Buffer) => void) {
    this.#send = send;
    this.#deflate.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
  }

  write(text: string): void {
    this.#tail = this.#tail.then(() => this.#compress(text));
  }

  /** Resolves when all that was written has been sent. */
  flushed(): Promise<void> {
    return this.#tail;
  }

  end(): void {
    this.#deflate.destroy();
  }

  #compress(text: string): Promise<void> {
    return new Promise((resolve) => {
      if (this.#deflate.destroyed) {
        resolve();
        return;
      }
      this.#deflate.once('close', resolve);
      this.#deflate.write(text);
      this.#deflate.flush(constants.Z_SYNC_FLUSH, () => {
        this.#deflate.off('close', resolve);
        // Reading emits what has not been emitted yet.
        while (this.#deflate.read() !== null);
        this.#send(Buffer.concat(this.#chunks.splice(0)));
        resolve();
      });
    });
  }
}
