import { z } from 'zod';
import { gapStates } from '../../domain/gap.ts';
import { limits } from '../../domain/limits.ts';
import { endpoint } from './endpoint.ts';
import { At, Id, IdParams, pageOf, PageQuery } from './schemas.ts';

export const Gap = z
  .object({
    id: Id,
    connector: z.string(),
    scope: z.string(),
    fromAt: At,
    toAt: At.optional(),
    cause: z.string(),
    state: z.enum(gapStates),
    detail: z.string().optional(),
    recovered: z.int(),
    duplicates: z.int(),
    skipped: z.int(),
  })
  .meta({ id: 'Gap', description: 'A time in which a connector did not hear its platform.' });

export const ProbeReport = z
  .object({
    connector: z.string(),
    ok: z.boolean(),
    notices: z.array(
      z.object({
        level: z.enum(['error', 'warning', 'info']),
        code: z.string(),
        text: z.string(),
        hint: z.string().optional(),
        question: z.string().optional().describe('The key of the request that it is about'),
      }),
    ),
    facts: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'ProbeReport', description: 'What a look at the platform found, without changing anything.' });

const KindParams = z.object({ kind: z.string().min(1).max(32) });
const Answers = z.record(z.string(), z.unknown()).describe('See `palyra channels <kind> setup --help`');

export const OnboardingIssue = z
  .object({
    questions: z.array(z.string()).describe('Keys of the request, in the order in which they are asked'),
    text: z.string(),
  })
  .meta({ id: 'OnboardingIssue' });

export const platformContract = {
  'GET /gaps': endpoint({
    summary: 'The gap ledger, newest first',
    scope: 'read',
    query: PageQuery.extend({
      connector: z.string().max(limits.connectorIdBytesMax).optional(),
      state: z.enum(gapStates).optional(),
    }),
    response: pageOf(Gap).extend({
      unexplained: z
        .int()
        .describe('How many gaps of the connector, or of all, are not closed, on this page or not'),
      notReadBack: z
        .record(z.string(), z.string())
        .describe('What reading back did not bring, by the kinds of connectors that were read back here'),
    }),
  }),
  'POST /channels/{kind}/onboarding/check': endpoint({
    summary: 'Look at the answers alone: what is wrong with them, asking no platform',
    scope: 'admin',
    params: KindParams,
    body: Answers,
    response: z.object({ issues: z.array(OnboardingIssue) }),
  }),
  'POST /channels/{kind}/onboarding/probe': endpoint({
    summary: 'Look at the platform with a credential, changing nothing',
    scope: 'admin',
    params: KindParams,
    body: Answers,
    response: ProbeReport,
    audit: { action: 'onboarding.probed', answerFields: ['connector', 'ok'] },
  }),
  'POST /channels/{kind}/onboarding/apply': endpoint({
    summary: 'Set an account up: credential, rule, connector, and a live session; or nothing at all',
    scope: 'admin',
    params: KindParams,
    body: Answers,
    response: z.object({
      report: ProbeReport,
      applied: z.object({
        connector: z.string(),
        secretRef: z.string(),
        rules: z.array(z.string()),
        replaced: z.boolean(),
      }),
    }),
    audit: { action: 'onboarding.applied', answerFields: ['applied'] },
  }),
  'GET /channels/{id}/onboarding': endpoint({
    summary: 'The answers that would set the connector up as it is now, without its credential',
    scope: 'read',
    params: IdParams,
    response: z.object({ answers: Answers }),
  }),
  'POST /channels/{id}/health-refresh': endpoint({
    summary: 'Look at the platform with the stored credential, changing nothing',
    scope: 'operate',
    params: IdParams,
    body: z.strictObject({ verifyChannel: z.string().max(limits.conversationBytesMax).optional() }),
    response: ProbeReport,
    audit: { action: 'channel.probed', answerFields: ['ok'] },
  }),
};
