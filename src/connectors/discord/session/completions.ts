import type { ConnectorHost } from '../../connector.ts';
import { suggestionsFor } from '../commands/catalogue.ts';
import type { DiscordConfig } from '../config.ts';
import type { Inbound } from '../inbound/inbound-context.ts';
import type { Rest } from '../rest/rest.ts';
import { fieldsOf } from '../untrusted.ts';

/** https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-interaction-callback-type */
const choicesCallback = 8;

/** Offers what the catalogue has while somebody types a command, so that no agent is asked at every key. */
export class Completions {
  readonly #host: Pick<ConnectorHost<DiscordConfig>, 'config' | 'log'>;
  readonly #rest: Rest;

  constructor(host: Pick<ConnectorHost<DiscordConfig>, 'config' | 'log'>, rest: Rest) {
    this.#host = host;
    this.#rest = rest;
  }

  /** True when it was for here: nothing of it is kept, and where the catalogue has nothing, nothing is offered. */
  answer({ interaction, kept }: Inbound, signal: AbortSignal): boolean {
    if (interaction?.kind !== 'autocomplete') return false;
    const [event] = kept;
    if (event?.type !== 'action') return false;
    const focused = typeof event.values.focused === 'string' ? event.values.focused : '';
    const typed = fieldsOf(event.values.args)?.[focused];
    const text = typeof typed === 'string' ? typed : '';
    const found = suggestionsFor(this.#host.config.commands, event.action, focused, text) ?? [];
    const choices = found.map((value) => ({ name: value, value }));
    this.#rest
      .call(
        {
          method: 'POST',
          route: '/interactions/{interaction}/{token}/callback',
          params: { interaction: interaction.id, token: interaction.token },
          json: { type: choicesCallback, data: { choices } },
          priority: 'interaction',
          auth: 'none',
        },
        signal,
      )
      .catch((error: unknown) =>
        this.#host.log.warn('interaction.not_acknowledged', { kind: 'autocomplete', error }),
      );
    return true;
  }
}
