#version 300 es
// A triangle mesh, seen by parallel rays.
precision highp float;
in vec3 at;
in vec3 normal;
in float value;
uniform vec2 canvas;
uniform mat3 turn;    // from the screen (right, up, towards the reader) to the box
uniform vec2 shift;
uniform float scale;  // lengths per pixel
out vec3 facing;      // on the screen
out float near;       // to the reader, from 0 (far) to 1
out float tinted;

void main() {
  vec3 p = at * turn;
  facing = normal * turn;
  near = 0.5 + p.z / 1.8;
  tinted = value;
  gl_Position = vec4((p.xy + shift) / scale / (0.5 * canvas), -p.z, 1.0);
}
