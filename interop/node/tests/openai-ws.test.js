// `openai/realtime/ws`, the class for Node.

import { OpenAIRealtimeWS } from 'openai/realtime/ws';

import { conversationTests } from '../support/conversation.js';
import { inSession } from '../support/sessions.js';

conversationTests('OpenAIRealtimeWS', inSession(OpenAIRealtimeWS));
