import './design/tokens.css';
import './design/base.css';
import './design/components.css';
import './design/frames.css';
import './design/manage.css';
import './design/grids.css';
import './design/imports.css';
import './design/organisation.css';
import './design/operations.css';
import { render } from 'preact';
import { startLanguage } from './i18n';
import { App } from './screens/App';
import { startPlace } from './state/place';
import { startTheme } from './state/theme';

startTheme();
startLanguage();
startPlace();
render(<App />, document.getElementById('app')!);
