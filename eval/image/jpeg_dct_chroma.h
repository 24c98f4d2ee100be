// Colour of JPEG images as IJG's libjpeg 7 to 9 enlarges it.
#pragma once

#include "eval/image/jpeg_reader.h"

namespace odin {

// Whether the colour planes are smaller than the brightness plane. Call it after the header is
// read. Throws Error if they are, but not half as wide and half as high (4:2:0), which no set of
// the benchmarks is.
bool has_small_chroma(JpegReader& reader);

// Decodes the rows of such an image. The colour planes come from inverse cosine transforms of 16 x
// 16 points on their 8 x 8 coefficients, which are as large as the brightness plane, where
// libjpeg-turbo transforms 8 x 8 points and interpolates.
void decode_with_dct_chroma(JpegReader& reader, ImageFitter& fitter);

}  // namespace odin
