// `openai/beta/realtime`: the classes that still speak the protocol from before May 2026.

import { OpenAIRealtimeWebSocket } from 'openai/beta/realtime/websocket';
import { OpenAIRealtimeWS } from 'openai/beta/realtime/ws';
import { WebSocket } from 'ws';

import { betaTests } from '../support/beta.js';
import { inSession } from '../support/sessions.js';

globalThis.WebSocket ??= WebSocket;

betaTests('beta OpenAIRealtimeWS', inSession(OpenAIRealtimeWS));
betaTests('beta OpenAIRealtimeWebSocket', inSession(OpenAIRealtimeWebSocket));
