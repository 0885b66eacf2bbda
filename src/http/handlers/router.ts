import type { ChannelPlatform } from '../../core/channel-platform.ts';
import type { RuleId } from '../../domain/ids.ts';
import { reasonTable } from '../../domain/reasons.ts';
import type { Rule } from '../../domain/rule.ts';
import type { HandlersOf } from '../contract/contract.ts';
import type { routerContract } from '../contract/router.ts';

export function routerHandlers({ rules }: ChannelPlatform): HandlersOf<typeof routerContract> {
  return {
    'GET /router/rules': async () => ({ rules: rules.list(), policyHash: rules.policyHash }),
    'PUT /router/rules/{id}': async ({ params, body }) => {
      const rule = await rules.save(withoutUndefined({ ...body, id: params.id as RuleId }) as Rule);
      return { rule, policyHash: rules.policyHash };
    },
    'DELETE /router/rules/{id}': async ({ params }) => {
      await rules.remove(params.id);
      return { ok: true };
    },
    'POST /router/preview': async ({ body }) => {
      const decision = rules.preview(body);
      return { ...decision, ...reasonTable[decision.reason], policyHash: rules.policyHash };
    },
    'GET /router/warnings': async () => ({ warnings: await rules.warnings(), policyHash: rules.policyHash }),
  };
}

/** Absent and undefined mean the same to the API, but not to the policy hash. */
function withoutUndefined(value: object): object {
  return JSON.parse(JSON.stringify(value)) as object;
}
