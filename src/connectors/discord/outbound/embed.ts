import { z } from 'zod';

/** As Discord's API counts: characters of Unicode, https://github.com/discord/discord-api-docs/issues/1315. */
export function characters(text: string): number {
  return Array.from(text).length;
}

export function textUpTo(max: number): z.ZodType<string> {
  return z
    .string()
    .min(1)
    .refine((text) => characters(text) <= max, `Over ${max} characters`);
}

const Url = z
  .string()
  .max(2_048)
  .regex(/^(https?|attachment):\/\/\S+$/, 'Not an address of http, https or attachment');
const Picture = z.strictObject({ url: Url });

/** https://docs.discord.com/developers/resources/message#embed-object-embed-limits */
const Embed = z.strictObject({
  title: textUpTo(256).exactOptional(),
  description: textUpTo(4_096).exactOptional(),
  url: Url.exactOptional(),
  timestamp: z.iso.datetime({ offset: true }).exactOptional(),
  color: z.int().min(0).max(0xffffff).exactOptional(),
  footer: z.strictObject({ text: textUpTo(2_048), icon_url: Url.exactOptional() }).exactOptional(),
  image: Picture.exactOptional(),
  thumbnail: Picture.exactOptional(),
  author: z
    .strictObject({ name: textUpTo(256), url: Url.exactOptional(), icon_url: Url.exactOptional() })
    .exactOptional(),
  fields: z
    .array(
      z.strictObject({
        name: textUpTo(256),
        value: textUpTo(1_024),
        inline: z.boolean().exactOptional(),
      }),
    )
    .max(25)
    .exactOptional(),
});
type Embed = z.infer<typeof Embed>;

const totalMax = 6_000;

export const Embeds = z
  .array(Embed)
  .max(10)
  .refine(
    (embeds) => embeds.reduce((sum, embed) => sum + sizeOf(embed), 0) <= totalMax,
    `All embeds together are over ${totalMax} characters`,
  );

function sizeOf({ title = '', description = '', footer, author, fields = [] }: Embed): number {
  const texts = [title, description, footer?.text ?? '', author?.name ?? ''];
  const all = [...texts, ...fields.flatMap(({ name, value }) => [name, value])];
  return all.reduce((sum, text) => sum + characters(text), 0);
}
