import type { ProbeNotice } from '../../onboarding.ts';
import type { ApiApplication } from '../api-types.ts';
import type { DiscordConfig } from '../config.ts';

/** `limited`: switched on, for an application that was not reviewed. `unknown`: the server does not say. */
export type IntentState = 'enabled' | 'limited' | 'disabled' | 'unknown';

export interface PrivilegedIntents {
  readonly messageContent: IntentState;
  readonly members: IntentState;
  readonly presence: IntentState;
}

/** https://docs.discord.com/developers/resources/application#application-object-application-flags */
const flagBits = {
  presence: { full: 1 << 12, limited: 1 << 13 },
  members: { full: 1 << 14, limited: 1 << 15 },
  messageContent: { full: 1 << 18, limited: 1 << 19 },
} as const;

export function privilegedIntentsOf({ flags }: Pick<ApiApplication, 'flags'>): PrivilegedIntents {
  const stateOf = ({ full, limited }: { readonly full: number; readonly limited: number }): IntentState => {
    if (flags === undefined) return 'unknown';
    if ((flags & full) !== 0) return 'enabled';
    return (flags & limited) === 0 ? 'disabled' : 'limited';
  };
  return {
    messageContent: stateOf(flagBits.messageContent),
    members: stateOf(flagBits.members),
    presence: stateOf(flagBits.presence),
  };
}

/** As the developer portal calls them. */
const names = {
  messageContent: 'Message Content Intent',
  members: 'Server Members Intent',
} as const;

/** Without an intent that is asked for, the gateway closes every session with 4014. */
export function intentNotices(
  intents: PrivilegedIntents,
  { messageContent, members }: Pick<DiscordConfig, 'messageContent' | 'members'>,
): readonly ProbeNotice[] {
  const wanted = [
    { key: 'messageContent', feature: 'message_content', isWanted: messageContent },
    { key: 'members', feature: 'members', isWanted: members },
  ] as const;
  return wanted.flatMap(({ key, feature, isWanted }): ProbeNotice[] => {
    const name = names[key];
    if (!isWanted) return [];
    if (intents[key] === 'disabled')
      return [
        {
          level: 'error',
          code: 'intent_disabled',
          text: `The ${name} is off, and the gateway would refuse the bot.`,
          hint: `In the developer portal, open the application, then Bot, Privileged Gateway Intents: switch on ${name} and save. Or leave out the feature ${feature}.`,
        },
      ];
    if (intents[key] === 'limited')
      return [
        {
          level: 'info',
          code: 'intent_limited',
          text: `The ${name} is on without a review, which is enough until 10,000 users can see the bot.`,
        },
      ];
    if (intents[key] === 'unknown')
      return [
        {
          level: 'warning',
          code: 'intent_unknown',
          text: `The server does not say whether the ${name} is on.`,
          hint: 'If it is off, the gateway closes with 4014, and nothing is changed.',
        },
      ];
    return [];
  });
}
