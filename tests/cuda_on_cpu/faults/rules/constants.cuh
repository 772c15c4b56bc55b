// SPDX-License-Identifier: MIT
// breaks: constants, textures and managed memory are not emulated
__constant__ float table[4];
