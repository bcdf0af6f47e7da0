// `openai/realtime/websocket`, the class for browsers: its key travels in the subprotocols.

import { OpenAIRealtimeWebSocket } from 'openai/realtime/websocket';
import { WebSocket } from 'ws';

import { conversationTests } from '../support/conversation.js';
import { inSession } from '../support/sessions.js';

// Node before 22 has no such global.
globalThis.WebSocket ??= WebSocket;

conversationTests('OpenAIRealtimeWebSocket', inSession(OpenAIRealtimeWebSocket));
