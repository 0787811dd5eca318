#version 300 es
// Points and arrows: each is a rectangle on the screen, around the line from its start to its end.
precision highp float;
in vec3 start;
in vec3 end;
in vec4 tint;          // (r, g, b, radius [pixels]); a negative radius makes a line without a head
uniform vec2 canvas;   // [pixels]
uniform mat3 turn;     // from the screen (right, up, towards the reader) to the world
uniform vec3 shift;    // on the screen
uniform float scale;   // lengths per pixel
uniform float pixels;  // of the canvas per pixel of the window
out vec2 place;        // along and across the line [pixels]
flat out float far;    // length of the line
flat out vec4 look;

void main() {
  vec3 a = (start * turn + shift) / scale, b = (end * turn + shift) / scale;
  vec2 line = b.xy - a.xy;
  far = length(line);
  vec2 along = far > 1e-3 ? line / far : vec2(1.0, 0.0), across = vec2(-along.y, along.x);
  look = vec4(tint.rgb, tint.a * pixels);
  float around = (far < 1.0 || look.a < 0.0 ? 1.0 : 3.0) * abs(look.a) + 1.5 * pixels;
  int at = gl_VertexID % 6;  // two triangles
  vec2 corner = vec2(at == 1 || at >= 4, at >= 2 && at != 4);
  place = vec2(mix(-around, far + around, corner.x), mix(-around, around, corner.y));
  gl_Position = vec4((a.xy + place.x * along + place.y * across) / (0.5 * canvas), 0.0, 1.0);
}
