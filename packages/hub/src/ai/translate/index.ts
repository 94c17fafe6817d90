import type { AiApi } from '@orrery/protocol';
import { chatToMessage, messageToChat } from './answers.ts';
import { type Bridge, chain } from './bridge.ts';
import { chatStreamToMessages } from './chatStreamToMessages.ts';
import { chatToMessages } from './chatToMessages.ts';
import { chatStreamToResponses, chatToResponse } from './chatToResponses.ts';
import { messageStreamToChat } from './messageStreamToChat.ts';
import { messagesToChat } from './messagesToChat.ts';
import { responsesToChat } from './responsesToChat.ts';

export { type Bridge, CannotCarry } from './bridge.ts';

const chatByMessages: Bridge = { request: chatToMessages, answer: messageToChat, stream: messageStreamToChat };
const messagesByChat: Bridge = { request: messagesToChat, answer: chatToMessage, stream: chatStreamToMessages };
const responsesByChat: Bridge = { request: responsesToChat, answer: chatToResponse, stream: chatStreamToResponses };

const BRIDGES: Readonly<Record<string, Bridge>> = {
  'chat messages': chatByMessages,
  'messages chat': messagesByChat,
  'responses chat': responsesByChat,
  'responses messages': chain(responsesByChat, chatByMessages),
};

/** How a call of one API is carried by another; undefined when both are the same, and the bytes pass untouched. */
export const bridgeOf = (asked: AiApi, served: AiApi): Bridge | undefined => BRIDGES[`${asked} ${served}`];
