import { refuse } from './api-error.ts';
import type { Bot, Channel, Message, User } from './entities.ts';
import type { Json } from './form.ts';
import type { World } from './world.ts';

/** 2 a command, 3 a component, 4 autocomplete, 5 a modal that was sent off. */
export type InteractionType = 2 | 3 | 4 | 5;

/** What a user did, and what the application made of it. */
export interface Interaction {
  readonly id: string;
  readonly token: string;
  readonly type: InteractionType;
  readonly bot: Bot;
  readonly user: User;
  readonly channel: Channel;
  readonly createdAt: number;
  /** The message with the component. */
  readonly source: Message | undefined;
  /** The first answer: its type, as 4 or 5, and its data. */
  response: { readonly type: number; readonly data: Json; readonly at: number } | undefined;
  /** What @original is. */
  original: Message | undefined;
  readonly followups: Message[];
}

const interactionsMax = 20_000;

/** The interactions that are under way, by token. */
export class Interactions {
  readonly #world: World;
  readonly #byToken = new Map<string, Interaction>();

  constructor(world: World) {
    this.#world = world;
  }

  open(given: Pick<Interaction, 'type' | 'bot' | 'user' | 'channel' | 'source'>): Interaction {
    const id = this.#world.nextId();
    const interaction: Interaction = {
      ...given,
      id,
      token: `fake-interaction-token-${id}`,
      createdAt: this.#world.now(),
      response: undefined,
      original: undefined,
      followups: [],
    };
    this.#byToken.set(interaction.token, interaction);
    if (this.#byToken.size > interactionsMax) {
      const [oldest] = this.#byToken.keys();
      this.#byToken.delete(oldest!);
    }
    return interaction;
  }

  /** For the first answer. @throws ApiError 10062 when it is unknown or too late, 40060 for a second one. */
  toAcknowledge(id: string | undefined, token: string | undefined): Interaction {
    const interaction = this.#byToken.get(token ?? '');
    if (interaction?.id !== id || !interaction) return refuse('unknownInteraction');
    if (interaction.response) return refuse('alreadyAcknowledged');
    const age = this.#world.now() - interaction.createdAt;
    return age > this.#world.limits.interactionAckMs ? refuse('unknownInteraction') : interaction;
  }

  /** For what follows the first answer. @throws ApiError 10015, and 50027 after the token's time. */
  toFollow(application: string | undefined, token: string | undefined): Interaction {
    const interaction = this.#byToken.get(token ?? '');
    if (interaction?.response === undefined || interaction.bot.applicationId !== application)
      return refuse('unknownWebhook');
    const age = this.#world.now() - interaction.createdAt;
    return age > this.#world.limits.interactionTokenMs ? refuse('expiredInteractionToken') : interaction;
  }
}
