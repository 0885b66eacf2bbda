import { z } from 'zod';
import { expiryLength, readCustomId } from '../custom-id.ts';
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

/** The same components, at any depth, with other custom ids. */
export function mapCustomIds(components: readonly Fields[], map: (id: string) => string): readonly Fields[] {
  return components.map((fields) => mapOne(fields, map));
}

function mapOne(fields: Fields, map: (id: string) => string): Fields {
  const inner = (child: unknown): unknown => {
    const known = fieldsOf(child);
    return known ? mapOne(known, map) : child;
  };
  const { custom_id: id, components: children, accessory, component } = fields;
  return {
    ...fields,
    ...(typeof id === 'string' ? { custom_id: map(id) } : {}),
    ...(Array.isArray(children) ? { components: children.map(inner) } : {}),
    ...(accessory === undefined ? {} : { accessory: inner(accessory) }),
    ...(component === undefined ? {} : { component: inner(component) }),
  };
}

/** Whether every custom id has room for the time until which it is good. */
export function haveRoomForExpiry(components: readonly Fields[]): boolean {
  const all = flatten(components, depthMax) ?? [];
  return all.every(({ custom_id: id }) => typeof id !== 'string' || id.length <= customIdMax - expiryLength);
}

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
  if (ids.some((id) => typeof id === 'string' && readCustomId(id).until !== undefined))
    return 'A custom_id ends in "~until:" and 8 letters or digits, as only those with expiresAfterMs do';
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
