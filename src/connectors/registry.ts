import { AppError } from '../domain/errors.ts';
import type { ConnectorAdapter } from './connector.ts';
import { createDiscordAdapter } from './discord/adapter.ts';
import { createEchoAdapter } from './echo/adapter.ts';

/** The kinds that this program knows. A new connector is one line here and one folder beside. */
export function defaultAdapters(): readonly ConnectorAdapter[] {
  return [createEchoAdapter(), createDiscordAdapter()];
}

export class AdapterRegistry {
  readonly #adapters: ReadonlyMap<string, ConnectorAdapter>;

  /** @throws AppError `config_invalid` when two adapters have the same kind. */
  constructor(adapters: readonly ConnectorAdapter[]) {
    const kinds = adapters.map(({ kind }) => kind);
    const repeated = kinds.find((kind, index) => kinds.indexOf(kind) < index);
    if (repeated !== undefined)
      throw new AppError('config_invalid', `Two connector adapters are of the kind "${repeated}".`);
    this.#adapters = new Map(adapters.map((adapter) => [adapter.kind, adapter]));
  }

  get kinds(): readonly string[] {
    return [...this.#adapters.keys()];
  }

  find(kind: string): ConnectorAdapter | undefined {
    return this.#adapters.get(kind);
  }

  /** @throws AppError `invalid_request` that names the kinds there are. */
  get(kind: string): ConnectorAdapter {
    const adapter = this.#adapters.get(kind);
    if (!adapter) {
      throw new AppError(
        'invalid_request',
        `There is no connector kind "${kind.slice(0, 40)}". Known: ${this.kinds.join(', ')}.`,
      );
    }
    return adapter;
  }
}
