import type { AgentId } from '../../../domain/ids.ts';
import type { ProbeNotice } from '../../onboarding.ts';
import type { DiscordSetup } from './request.ts';

/** Who answers: the one that is named, or the only one that there is. */
export function chooseAgent(
  { agent }: Pick<DiscordSetup, 'agent'>,
  agents: readonly string[],
): { readonly agent: AgentId } | { readonly notice: ProbeNotice } {
  const [only, ...others] = agents;
  if (agent !== undefined && agents.includes(agent)) return { agent };
  if (agent === undefined && only !== undefined && others.length === 0) return { agent: only as AgentId };
  const known = agents.length === 0 ? 'There is none yet.' : `There are: ${agents.join(', ')}.`;
  return {
    notice: {
      level: 'error',
      code: agent === undefined ? 'agent_unnamed' : 'agent_unknown',
      text:
        agent === undefined
          ? `It is not said which agent answers. ${known}`
          : `There is no agent ${agent} that is on. ${known}`,
      hint: 'Name one of them, or add one: palyra agents set.',
      question: 'agent',
    },
  };
}

/** What the answers open wider, or close further, than one may think. */
export function policyNotices(setup: DiscordSetup): readonly ProbeNotice[] {
  const { scope, directMessages, allowFrom, denyFrom, requireMention, mentionPatterns, features } = setup;
  const notices: ProbeNotice[] = [];
  const warn = (code: string, question: string, text: string, hint: string): void => {
    notices.push({ level: 'warning', code, text, hint, question });
  };
  const hears = scope !== 'dm_only';
  const reads = features.includes('message_content');
  if (directMessages === 'allow' && allowFrom.length === 0)
    warn(
      'direct_messages_open',
      'directMessages',
      'Anybody who shares a server with the bot may write to the agent directly.',
      'Choose pairing or allowlist, or list who may in allowFrom.',
    );
  if (hears && !requireMention && allowFrom.length === 0)
    warn(
      'channels_open',
      'requireMention',
      'The agent answers everything that anybody says where it is heard.',
      'Require a mention, or list who may in allowFrom.',
    );
  if (hears && !reads && !requireMention)
    warn(
      'content_unread',
      'features',
      'Without the feature message_content, only messages that mention the bot have a text.',
      'Add the feature message_content, or require a mention.',
    );
  if (hears && !reads && mentionPatterns.length > 0)
    warn(
      'patterns_unread',
      'features',
      'Without the feature message_content, no text is there in which to find a mention pattern.',
      'Add the feature message_content, or leave the patterns out.',
    );
  const both = allowFrom.filter((user) => denyFrom.includes(user));
  if (both.length > 0)
    warn(
      'sender_in_both_lists',
      'denyFrom',
      `On both lists: ${both.join(', ')}. The deny list wins.`,
      'Take them off one.',
    );
  return notices;
}
