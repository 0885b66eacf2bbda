import type { ApiInteraction, Snowflake } from '../api-types.ts';
import { interactionTypes } from '../api-constants.ts';
import { readCustomId } from '../custom-id.ts';
import { snowflakeTime } from '../snowflake.ts';
import { present } from '../untrusted.ts';

/** How long a token is good for: https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-callback */
export const interactionLifeMs = 15 * 60_000;
/** And how long it takes for it to lapse when nothing is answered: the same page. */
const firstAnswerMs = 3_000;

/** What it takes to answer an interaction. */
export interface InteractionTicket {
  /** Names it in the addresses of its events; no secret. */
  readonly handle: string;
  readonly kind: keyof typeof kinds;
  readonly id: Snowflake;
  readonly applicationId: Snowflake;
  /** A secret: whoever has it may answer for us. */
  readonly token: string;
  /** Unix ms: until when it must have been acknowledged. */
  readonly acknowledgeBy: number;
  /** Unix ms: after which no answer is taken. */
  readonly expiresAt: number;
  readonly fileBytesMax?: number;
  /** It comes from a component that was good until before: the person is told so, and nobody else. */
  readonly isTooLate?: boolean;
}

const kinds = {
  command: interactionTypes.command,
  component: interactionTypes.component,
  autocomplete: interactionTypes.autocomplete,
  form: interactionTypes.modal,
} as const;

export function interactionHandle(id: Snowflake): string {
  return `interaction:${id}`;
}

/** Undefined for a ping, and for kinds that came later than this. */
export function toTicket(
  interaction: ApiInteraction,
  applicationId: Snowflake,
  now: number,
): InteractionTicket | undefined {
  const kind = (Object.keys(kinds) as (keyof typeof kinds)[]).find(
    (name) => kinds[name] === interaction.type,
  );
  if (kind === undefined) return undefined;
  const madeAt = snowflakeTime(interaction.id);
  // Clocks differ, and so do the epochs of servers: an id that cannot be right says nothing.
  const since = madeAt <= now && now - madeAt <= interactionLifeMs ? madeAt : now;
  const { until } = kind === 'component' ? readCustomId(interaction.data?.custom_id ?? '') : {};
  return present<InteractionTicket>({
    handle: interactionHandle(interaction.id),
    kind,
    id: interaction.id,
    applicationId: interaction.application_id ?? applicationId,
    token: interaction.token,
    acknowledgeBy: since + firstAnswerMs,
    expiresAt: since + interactionLifeMs,
    fileBytesMax: interaction.attachment_size_limit,
    isTooLate: until !== undefined && since >= until ? true : undefined,
  });
}
