import type { AgentId, RuleId } from '../../src/domain/ids.ts';
import type { Rule } from '../../src/domain/rule.ts';

/** A rule that accepts whatever it selects, unless told otherwise. */
export function rule(fields: Partial<Rule> = {}): Rule {
  return {
    id: 'all' as RuleId,
    position: 1,
    enabled: true,
    match: {},
    action: 'accept',
    agent: 'helper' as AgentId,
    allowFrom: [],
    denyFrom: [],
    directMessages: 'allow',
    mention: { required: false, patterns: [] },
    broadcast: 'allow',
    bots: 'allow',
    isolateSessionBySender: false,
    ...fields,
  };
}
