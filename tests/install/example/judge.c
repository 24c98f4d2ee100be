/* Says of each image file whether it is in-distribution: judge DETECTOR FILE... */
#include <odin.h>
#include <stdio.h>

int main(int argc, char** argv) {
  int status = 0;
  odin_detector* detector = odin_detector_open(argv[1], "cpu", 0);
  if (detector == NULL) {
    fprintf(stderr, "%s\n", odin_last_error());
    return 1;
  }
  for (int i = 2; i < argc; ++i) {
    odin_verdict verdict;
    if (odin_detector_detect_file(detector, argv[i], &verdict) != 0) {
      fprintf(stderr, "%s\n", odin_last_error());
      status = 1;
      continue;
    }
    const char* name = odin_detector_class_name(detector, verdict.predicted_class);
    printf("%s %.17g %s %s\n", verdict.in_distribution ? "in" : "out", verdict.score,
           name ? name : "-", argv[i]);
  }
  odin_detector_close(detector);
  return status;
}
