/** In the form that Discord asks for: https://docs.discord.com/developers/reference#user-agent */
export const userAgent = 'DiscordBot (https://github.com/palyra/palyra, 0.1.0)';
