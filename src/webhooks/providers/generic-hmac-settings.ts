import { z } from 'zod';
import { encodings, hashNames, secretForms } from '../provider.ts';
import { literalsOf, placeholdersOf } from '../signed-content.ts';

const HeaderName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/, 'is not a header name');
const FieldName = z.string().regex(/^[A-Za-z0-9_-]{1,32}$/, 'is not a field name');
const BodyPointer = z
  .templateLiteral(['/', z.string()])
  .refine(
    (text) => text.length <= 256 && /^(?:\/(?:[^/~]|~[01])*)+$/.test(text),
    'is not a JSON pointer, e.g. /data/id',
  );

/** How the operator describes a sender. Flat, so that each setting can be a flag and a field of a form. */
export const Settings = z
  .strictObject({
    header: HeaderName.describe('The header that holds the signature'),
    hash: z.enum(hashNames).default('sha256'),
    encoding: z.enum(encodings).default('hex'),
    prefix: z.string().max(64).default('').describe('What stands before a signature, e.g. sha256='),
    separator: z
      .enum([',', ';', ' '])
      .optional()
      .describe('What parts several signatures, or fields, in the header'),
    signatureField: FieldName.optional().describe('For t=…,v1=…: which field is the signature'),
    template: z
      .string()
      .max(256)
      .default('{body}')
      .describe('What is signed: {body}, {timestamp}, {id} and text'),
    secret: z.enum(secretForms).default('text').describe('How the secret becomes a key'),
    timestampHeader: HeaderName.optional(),
    timestampField: FieldName.optional().describe('For t=…,v1=…: which field is the timestamp'),
    timestampUnit: z.enum(['s', 'ms']).default('s'),
    toleranceSeconds: z.int().min(1).max(86_400).default(300),
    idHeader: HeaderName.optional().describe(
      'The header that holds the id of an event, the same in every retry',
    ),
    idPointer: BodyPointer.optional(),
    dedupe: z
      .enum(['id-and-content', 'id'])
      .default('id-and-content')
      .describe(
        'For an id that is not signed: id lets events with the same body pass, and replays under a new id too',
      ),
    eventHeader: HeaderName.optional(),
    eventPointer: BodyPointer.optional(),
    lanePointer: BodyPointer.optional().describe('Deliveries with the same value here are handled in order'),
  })
  .superRefine((settings, context) => {
    const fault = faultOf(settings);
    if (fault) context.addIssue({ code: 'custom', path: [fault[0]], message: fault[1] });
  });

export type GenericSettings = z.output<typeof Settings>;

/** The first setting that does not go with the others, and why. */
function faultOf(settings: GenericSettings): readonly [keyof GenericSettings, string] | undefined {
  const { template, separator, signatureField, timestampHeader, timestampField, idHeader, idPointer } =
    settings;
  const used = placeholdersOf(template);
  const count = (name: string): number => used.filter((each) => each === name).length;
  const hasTimestamp = timestampHeader !== undefined || timestampField !== undefined;
  const headers = [settings.header, timestampHeader, idHeader, settings.eventHeader].flatMap(
    (name) => name?.toLowerCase() ?? [],
  );
  const faults: readonly (readonly [boolean, keyof GenericSettings, string])[] = [
    [count('body') !== 1, 'template', 'must hold {body} once, or the body is not protected'],
    [count('timestamp') > 1 || count('id') > 1, 'template', 'holds a placeholder twice'],
    [
      literalsOf(template).some((text) => /[{}]/.test(text)),
      'template',
      'knows {body}, {timestamp} and {id} only',
    ],
    [/\{id\}\{body\}|\{body\}\{id\}/.test(template), 'template', 'needs text between {id} and {body}'],
    [count('id') === 1 && idHeader === undefined, 'template', 'holds {id}, which needs idHeader'],
    [
      count('timestamp') === 1 && !hasTimestamp,
      'template',
      'holds {timestamp}, which needs timestampHeader or timestampField',
    ],
    [
      count('timestamp') === 0 && hasTimestamp,
      'template',
      'lacks {timestamp}: a time that is not signed proves nothing',
    ],
    [
      timestampHeader !== undefined && timestampField !== undefined,
      'timestampField',
      'excludes timestampHeader',
    ],
    [timestampField !== undefined && signatureField === undefined, 'timestampField', 'needs signatureField'],
    [
      timestampField !== undefined && timestampField === signatureField,
      'timestampField',
      'is the signatureField',
    ],
    [signatureField !== undefined && settings.prefix !== '', 'prefix', 'excludes signatureField'],
    [signatureField !== undefined && separator === undefined, 'signatureField', 'needs separator'],
    [idHeader !== undefined && idPointer !== undefined, 'idPointer', 'excludes idHeader'],
    [
      settings.dedupe === 'id' && idHeader === undefined && idPointer === undefined,
      'dedupe',
      'needs idHeader or idPointer',
    ],
    [new Set(headers).size < headers.length, 'header', 'is named twice: one header cannot hold two things'],
  ];
  const [, ...fault] = faults.find(([isFault]) => isFault) ?? [];
  return fault[0] === undefined || fault[1] === undefined ? undefined : [fault[0], fault[1]];
}
