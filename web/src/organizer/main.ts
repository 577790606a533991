import '../lib/ui/base.css';

import { mount } from 'svelte';

import { Session } from '../lib/api/session.ts';
import { chooseLanguage } from '../lib/text/language.ts';
import App from './App.svelte';
import { speak } from './text/index.ts';

const target = document.getElementById('app');
if (target === null) throw new Error('the page has no place for the app');
await speak(chooseLanguage());
mount(App, { target, props: { session: new Session() } });
