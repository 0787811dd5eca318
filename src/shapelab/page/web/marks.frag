#version 300 es
// Points as discs and arrows with heads, with a dark rim that any background sets off.
precision highp float;
in vec2 place;
flat in float far;
flat in vec4 look;
uniform float pixels;
out vec4 colour;

void main() {
  float r = abs(look.a), away;
  if (far < 1.0) away = length(place) - r;
  else {
    float head = look.a < 0.0 ? 0.0 : min(5.0 * r, far);
    away = length(vec2(place.x - clamp(place.x, 0.0, far - head), place.y)) - 0.6 * r;  // the shaft
    if (head > 0.0) away = min(away, max(abs(place.y) * 0.9 + 0.42 * (place.x - far), far - head - place.x));
  }
  float cover = clamp(0.5 - (away - 0.9 * pixels), 0.0, 1.0);
  if (cover <= 0.0) discard;
  colour = vec4(mix(look.rgb, vec3(0.12), smoothstep(-0.5, 0.5, away)), cover);
}
