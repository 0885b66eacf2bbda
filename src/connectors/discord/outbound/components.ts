import { z } from 'zod';
import { type Fields, fieldsOf } from '../untrusted.ts';

/** https://docs.discord.com/developers/components/reference */
const actionRow = 1;
const button = 2;
const componentsMax = 40;
const buttonsMax = 5;
const customIdMax = 100;
const depthMax = 6;

/** Any component that Discord has or will have; what can be told without knowing them all is checked. */
export const Components = z
  .array(z.looseObject({ type: z.int().min(1) }))
  .min(1)
  .superRefine((components, context) => {
    const complaint = complaintOf(components);
    if (complaint !== undefined) context.addIssue({ code: 'custom', message: complaint });
  });

function complaintOf(components: readonly Fields[]): string | undefined {
  const all = flatten(components, depthMax);
  if (!all) return `Nested deeper than ${depthMax}`;
  if (all.length > componentsMax)
    return `${all.length} components, with those within others; ${componentsMax} is the most`;
  for (const { type, components: children } of all) {
    if (type !== actionRow || !Array.isArray(children)) continue;
    const buttons = children.filter((child) => fieldsOf(child)?.type === button).length;
    if (buttons > buttonsMax) return `More than ${buttonsMax} buttons in a row`;
  }
  const ids = all.map(({ custom_id: id }) => id).filter((id) => id !== undefined);
  const isWrong = ids.some((id) => typeof id !== 'string' || id === '' || id.length > customIdMax);
  if (isWrong) return `A custom_id is not a text of 1 to ${customIdMax} characters`;
  return new Set(ids).size < ids.length ? 'Two components have the same custom_id' : undefined;
}

/** With those that are within others; undefined where they go too deep. */
function flatten(components: readonly unknown[], depth: number): readonly Fields[] | undefined {
  if (components.length > 0 && depth === 0) return undefined;
  const all: Fields[] = [];
  for (const fields of components.map(fieldsOf)) {
    if (!fields) continue;
    const { components: children, accessory, component } = fields;
    const inner = [...(Array.isArray(children) ? (children as unknown[]) : []), accessory, component];
    const within = flatten(
      inner.filter((child) => child !== undefined),
      depth - 1,
    );
    if (!within) return undefined;
    all.push(fields, ...within);
  }
  return all;
}
