/**
 * How a person is drawn. Role by shape: disc, or a square for leaders. State by fill: solid fresh, ring ageing, hollow
 * stale, cross SOS. Positions are Web Mercator offsets from a city origin: float32 then keeps millimetres.
 */
export const VERTEX = `#version 300 es
layout(location = 0) in vec2 from_at;
layout(location = 1) in vec2 to_at;
layout(location = 2) in uint state;
uniform mat4 view;
uniform float progress;   // 0 at the old place, 1 at the new one
uniform float radius;     // px of a fresh disc
uniform float ratio;      // device pixels per px
uniform bool sos_only;    // SOS is drawn last: nothing ever hides it
flat out uint kind;
flat out float reach;     // px from the centre to the edge of the sprite
void main() {
  kind = state;
  bool sos = (state & 16u) != 0u;
  reach = (sos ? max(radius * 2.2, 11.0) : radius) + 3.0;
  gl_PointSize = reach * 2.0 * ratio;
  gl_Position = sos == sos_only ? view * vec4(mix(from_at, to_at, progress), 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
}`;

export const FRAGMENT = `#version 300 es
precision highp float;
flat in uint kind;
flat in float reach;
uniform float radius;
uniform float ratio;
uniform vec3 good;
uniform vec3 off;
uniform vec3 alarm;
uniform vec3 ground;
out vec4 colour;

float box(vec2 p, vec2 half_size, float corner) {
  vec2 q = abs(p) - half_size + corner;
  return length(max(q, 0.0)) + min(max(q.x, q.y), 0.0) - corner;
}

// Share of a pixel inside a signed distance in px.
float cover(float d) { return clamp(0.5 - d * ratio, 0.0, 1.0); }

vec4 person(vec2 p) {
  uint presence = kind & 15u;
  bool leader = (kind & 32u) != 0u;
  float r = presence == 3u ? radius * 0.85 : radius;
  float d = leader ? box(p, vec2(r * 0.92), 1.2) : length(p) - r;
  float ring = presence == 1u ? r * 0.5 : 1.3;
  float inside = presence == 0u ? cover(d) : cover(abs(d + ring * 0.5) - ring * 0.5);
  float edge = cover(d - 1.2);
  vec3 paint = presence < 2u ? good : off;
  float strength = presence == 3u ? 0.55 : 1.0;
  float under = presence < 2u ? edge : edge * 0.6;
  return vec4(mix(ground, paint, inside), max(under, inside) * strength);
}

vec4 emergency(vec2 p) {
  float r = reach - 3.0;
  float arm = r * 0.36;
  float cross_d = min(box(p, vec2(r * 0.74, arm * 0.55), 0.5), box(p, vec2(arm * 0.55, r * 0.74), 0.5));
  float disc = length(p) - r;
  float edge = cover(disc - 1.6);
  vec3 paint = mix(ground, alarm, cover(disc));
  return vec4(mix(paint, vec3(1.0), cover(cross_d)), edge);
}

void main() {
  vec2 p = (gl_PointCoord - 0.5) * 2.0 * reach;
  vec4 c = (kind & 16u) != 0u ? emergency(p) : person(p);
  if (c.a < 0.01) discard;
  colour = vec4(c.rgb * c.a, c.a);
}`;
