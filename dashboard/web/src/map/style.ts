/** The map's layers, bottom to top, and the tokens that colour them. There is no base map unless a setting names one. */
import type { FeatureCollection } from 'geojson';
import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl';
import type { Basemap } from '../api/types';
import { token } from '../state/theme';

export const FONT = ['sans-serif'];
export const WARNING_OPACITY = 0.18;
const EMPTY: FeatureCollection = { type: 'FeatureCollection', features: [] };
const OVERLAYS = ['chosen', 'mask', 'warnings', 'track', 'accuracy', 'halo', 'names', 'sos'] as const;
export type Overlay = (typeof OVERLAYS)[number];

const levelFill: ExpressionSpecification = [
  'match',
  ['get', 'level'],
  'yellow',
  '#f5c518',
  'orange',
  '#f08c00',
  'red',
  '#d92d2d',
  '#1f6feb',
];

export function emptyStyle(basemap: Basemap | null): StyleSpecification {
  const sources: StyleSpecification['sources'] = {};
  for (const name of OVERLAYS) sources[name] = { type: 'geojson', data: EMPTY };
  const layers: LayerSpecification[] = [{ id: 'ground', type: 'background' }];
  if (basemap) {
    sources.basemap = {
      type: 'raster',
      tiles: basemap.tiles,
      tileSize: 256,
      attribution: basemap.attribution ?? '',
    };
    layers.push({ id: 'basemap', type: 'raster', source: 'basemap', paint: { 'raster-opacity': 0.55 } });
  }
  return { version: 8, sources, layers: [...layers, ...overlayLayers()] };
}

function overlayLayers(): LayerSpecification[] {
  return [
    { id: 'mask', type: 'fill', source: 'mask', paint: { 'fill-opacity': 0.55, 'fill-antialias': false } },
    {
      id: 'warning-fill',
      type: 'fill',
      source: 'warnings',
      paint: { 'fill-color': levelFill, 'fill-opacity': WARNING_OPACITY },
    },
    {
      id: 'warning-edge',
      type: 'line',
      source: 'warnings',
      layout: { 'line-join': 'round' },
      paint: { 'line-color': levelFill, 'line-width': 2 },
    },
    {
      id: 'chosen',
      type: 'line',
      source: 'chosen',
      layout: { 'line-join': 'round' },
      paint: { 'line-width': 2.5 },
    },
    {
      id: 'accuracy',
      type: 'fill',
      source: 'accuracy',
      paint: { 'fill-opacity': 0.12 },
    },
    {
      id: 'accuracy-edge',
      type: 'line',
      source: 'accuracy',
      paint: { 'line-width': 1, 'line-opacity': 0.6 },
    },
    {
      id: 'track',
      type: 'line',
      source: 'track',
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: { 'line-width': 3, 'line-opacity': ['get', 'opacity'] },
    },
    {
      id: 'halo',
      type: 'circle',
      source: 'halo',
      paint: { 'circle-radius': 13, 'circle-opacity': 0.22, 'circle-stroke-width': 2 },
    },
    {
      id: 'names',
      type: 'symbol',
      source: 'names',
      layout: {
        'text-field': ['get', 'name'],
        'text-font': FONT,
        'text-size': 12,
        'text-anchor': 'left',
        'text-offset': [0.9, 0],
        'text-optional': true,
      },
      paint: { 'text-halo-width': 1.5 },
    },
    {
      id: 'sos',
      type: 'circle',
      source: 'sos',
      paint: { 'circle-radius': 13, 'circle-stroke-width': 2 },
    },
    {
      id: 'sos-word',
      type: 'symbol',
      source: 'sos',
      layout: {
        'text-field': 'SOS',
        'text-font': FONT,
        'text-size': 11,
        'text-allow-overlap': true,
        'text-ignore-placement': true,
      },
      paint: { 'text-color': '#ffffff' },
    },
  ];
}

/** [layer, property, token]: what changes when the theme does. */
export const THEMED: readonly (readonly [layer: string, property: string, token: string])[] = [
  ['ground', 'background-color', 'map'],
  ['mask', 'fill-color', 'map'],
  ['chosen', 'line-color', 'accent'],
  ['accuracy', 'fill-color', 'accent'],
  ['accuracy-edge', 'line-color', 'accent'],
  ['track', 'line-color', 'accent'],
  ['halo', 'circle-color', 'accent'],
  ['halo', 'circle-stroke-color', 'accent'],
  ['sos', 'circle-color', 'red-fill'],
  ['sos', 'circle-stroke-color', 'map'],
  ['names', 'text-color', 'text'],
  ['names', 'text-halo-color', 'map'],
];

export const pointColours = () => ({
  good: token('good'),
  off: token('off'),
  alarm: token('red-fill'),
  ground: token('map'),
});
