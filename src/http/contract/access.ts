import { z } from 'zod';
import { approvalKinds, approvalStates, risks } from '../../domain/approval.ts';
import { limits } from '../../domain/limits.ts';
import { pairingLimits } from '../../domain/pairing.ts';
import { endpoint } from './endpoint.ts';
import { At, Id, IdParams, Ok, pageOf, PageQuery } from './schemas.ts';

export const Approval = z
  .object({
    id: Id,
    kind: z.enum(approvalKinds),
    subject: z.string(),
    connector: z.string(),
    requester: z.string(),
    risk: z.enum(risks),
    contentHash: z.string(),
    request: z.record(z.string(), z.unknown()),
    state: z.enum(approvalStates),
    createdAt: At,
    expiresAt: At,
    decidedBy: z.string().optional(),
    decidedAt: At.optional(),
  })
  .meta({ id: 'Approval', description: 'Something that one person asks for and another decides.' });

const GrantMs = z.int().min(pairingLimits.grantMsMin).max(pairingLimits.grantMsMax);

export const accessContract = {
  'GET /approvals': endpoint({
    summary: 'What waits for a second person, and what was decided, newest first',
    scope: 'read',
    query: PageQuery.extend({
      state: z.enum(approvalStates).optional(),
      kind: z.enum(approvalKinds).optional(),
    }),
    response: pageOf(Approval),
  }),
  'GET /approvals/{id}': endpoint({
    summary: 'One approval, with what was asked for',
    scope: 'read',
    params: IdParams,
    response: Approval,
  }),
  'POST /approvals/{id}/approve': endpoint({
    summary: 'Approve it. Whoever asked cannot',
    scope: 'operate',
    params: IdParams,
    body: z.strictObject({
      grantMs: GrantMs.optional().describe('How long a pairing lasts; default 8 hours'),
    }),
    response: Approval,
    audit: { action: 'approval.approved', fields: ['grantMs'], answerFields: ['kind', 'subject'] },
  }),
  'POST /approvals/{id}/deny': endpoint({
    summary: 'Deny it. Whoever asked cannot',
    scope: 'operate',
    params: IdParams,
    response: Approval,
    audit: { action: 'approval.denied', answerFields: ['kind', 'subject'] },
  }),
  'GET /channels/{id}/pairing': endpoint({
    summary: 'Who is paired, who wants to be, and how many codes are out',
    scope: 'read',
    params: IdParams,
    response: z.object({
      grants: z.array(
        z.object({
          connector: z.string(),
          sender: z.string(),
          grantedBy: z.string(),
          grantedAt: At,
          expiresAt: At,
        }),
      ),
      pending: z.array(Approval),
      codes: z.array(z.object({ issuedBy: z.string(), createdAt: At, expiresAt: At })),
    }),
  }),
  'POST /channels/{id}/pairing/codes': endpoint({
    summary: 'Make a pairing code, good for once. It is shown this one time',
    scope: 'operate',
    params: IdParams,
    body: z.strictObject({
      ttlMs: z
        .int()
        .min(pairingLimits.codeMsMin)
        .max(pairingLimits.codeMsMax)
        .default(pairingLimits.codeMsDefault),
    }),
    response: z.object({
      code: z.string(),
      message: z.string().describe('What the person sends to the bot'),
      expiresAt: At,
    }),
    status: 201,
    audit: { action: 'pairing.code_made', fields: ['ttlMs'], answerFields: ['expiresAt'] },
  }),
  'DELETE /channels/{id}/pairing/{sender}': endpoint({
    summary: 'Take a grant away, at once',
    scope: 'operate',
    params: IdParams.extend({ sender: z.string().min(1).max(limits.identityBytesMax) }),
    response: Ok,
    audit: { action: 'pairing.revoked' },
  }),
};
