import '../lib/ui/base.css';

import { mount } from 'svelte';

import { Outbox } from '../lib/check/outbox.ts';
import { chooseLanguage } from '../lib/text/language.ts';
import App from './App.svelte';
import { readSettings } from './device/settings.ts';
import { speak } from './text/index.ts';

const target = document.getElementById('app');
if (target === null) throw new Error('the page has no place for the app');
const settings = readSettings();
document.documentElement.dataset['look'] = settings.look;
await speak(settings.language ?? chooseLanguage());
mount(App, { target, props: { settings, openOutbox: () => Outbox.open() } });
