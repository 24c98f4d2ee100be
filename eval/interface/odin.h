/* Verdicts on images, for programs in C and in every language that can call C: libodin.so.
 *
 *   odin_detector *detector = odin_detector_open("detector.h5", NULL, 0);
 *   odin_verdict verdict;
 *   if (detector == NULL || odin_detector_detect_file(detector, "photo.jpg", &verdict) != 0) {
 *     fprintf(stderr, "%s\n", odin_last_error());
 *   }
 *   odin_detector_close(detector);
 *
 * A detector's file is made by odin_calibrate, and holds all that its score has learnt. A detector
 * serves one thread at a time; different threads may use different detectors at once. A verdict
 * depends neither on the other images nor on how many there are, and equals that of odin_detect bit
 * for bit.
 *
 * A function that can fail says so by its result. Then odin_last_error() has one sentence about it.
 * No C++ exception leaves the library. Within one soname, functions only get added.
 */
#ifndef ODIN_H
#define ODIN_H

#include <stddef.h>
#include <stdint.h>

/* NOLINTBEGIN(modernize-*): this is C */
#ifdef __cplusplus
extern "C" {
#endif

typedef struct odin_detector odin_detector;

typedef struct odin_verdict {
  double score; /* by the detector's score; larger is more in-distribution */
  /* Of the predicted class: the softmax of the unchanged image at temperature 1. */
  double probability;
  int32_t predicted_class; /* from 0 */
  int32_t in_distribution; /* 1 if the score is at least the threshold, else 0 */
} odin_verdict;

/* The order of the pixels of images, row-major. */
typedef enum odin_layout {
  ODIN_PLANAR = 0,     /* (count, channels, height, width) */
  ODIN_INTERLEAVED = 1 /* (count, height, width, channels) */
} odin_layout;

/* "0.3.0" */
const char* odin_version(void);

/* What went wrong in the last call of this thread that failed: a sentence in UTF-8 without a line
 * break, empty if none has failed. It stays until the thread's next call that fails. */
const char* odin_last_error(void);

/* Reads a detector's file. `device` is "auto" (a GPU if there is a usable one), "cpu", "cuda" or
 * "cuda:N"; NULL is "auto". `threads` of the CPU; 0: one per core. Returns NULL on failure. A
 * child process reads the file, because libhdf5 can crash on a damaged one. */
odin_detector* odin_detector_open(const char* file, const char* device, int threads);

/* Frees a detector; NULL does nothing. */
void odin_detector_close(odin_detector* detector);

/* Writes one verdict for each of `count` images of the network's size, in their order. Bytes v are
 * pixels v / 255; floats must be in 0..1. `layout` is an odin_layout. Returns 0, or -1 on failure,
 * when the verdicts mean nothing. */
int odin_detector_detect_bytes(odin_detector* detector, const uint8_t* images, size_t count,
                               int layout, odin_verdict* verdicts);
int odin_detector_detect_floats(odin_detector* detector, const float* images, size_t count,
                                int layout, odin_verdict* verdicts);

/* The same for one PNG or JPEG file, which is fitted to the network's size as the images were that
 * the detector was made from. */
int odin_detector_detect_file(odin_detector* detector, const char* file, odin_verdict* verdict);

/* What an image must have, and what the detector is. Text belongs to the detector. With NULL for
 * the detector, and for a class that does not exist, they return 0, NULL and NaN. */
int odin_detector_channels(const odin_detector* detector);
int odin_detector_height(const odin_detector* detector);
int odin_detector_width(const odin_detector* detector);
int odin_detector_classes(const odin_detector* detector);
/* NULL also where the network has no class names. */
const char* odin_detector_class_name(const odin_detector* detector, int index);
/* "odin", "energy", "react:percentile=80", ... */
const char* odin_detector_score_name(const odin_detector* detector);
double odin_detector_threshold(const odin_detector* detector);
/* The share of in-distribution images that the threshold was set to accept. */
double odin_detector_tpr(const odin_detector* detector);

#ifdef __cplusplus
}
#endif

/* NOLINTEND(modernize-*) */
#endif
