#version 300 es
// A triangle mesh, lit from the reader's upper left; the inner side, which a cut lays open, is darker.
precision highp float;
in vec3 facing;
in float near;
in float tinted;
uniform float cut;   // part of the box, from the reader's side, that is taken away
uniform int mode;    // 0: plain, 1: two-sided scale, 2: one-sided scale
out vec4 colour;

vec3 scaleColour(float k) {
  if (mode == 1) {
    vec3 middle = vec3(0.945, 0.937, 0.914);
    return k < 0.5 ? mix(middle, vec3(0.17, 0.37, 0.70), 1.0 - 2.0 * k) : mix(middle, vec3(0.76, 0.27, 0.18), 2.0 * k - 1.0);
  }
  vec3 a = vec3(0.231, 0.165, 0.420), b = vec3(0.169, 0.498, 0.557), c = vec3(0.561, 0.784, 0.400), d = vec3(0.969, 0.890, 0.302);
  return k < 0.3333 ? mix(a, b, k * 3.0) : k < 0.6667 ? mix(b, c, k * 3.0 - 1.0) : mix(c, d, k * 3.0 - 2.0);
}

void main() {
  if (near > 1.0 - cut) discard;
  vec3 n = normalize(facing);
  bool outside = n.z > 0.0;
  if (!outside) n = -n;
  vec3 base = mode == 0 ? vec3(0.80, 0.70, 0.58) : scaleColour(clamp(tinted, 0.0, 1.0));
  vec3 light = normalize(vec3(-0.35, 0.45, 0.82));
  float lit = 0.30 + 0.62 * max(dot(n, light), 0.0) + 0.12 * n.z;
  float shine = 0.14 * pow(max(dot(reflect(vec3(0.0, 0.0, -1.0), n), light), 0.0), 24.0);
  colour = vec4((outside ? 1.0 : 0.72) * base * lit + (outside ? shine : 0.0), 1.0);
}
