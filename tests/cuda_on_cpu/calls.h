// How much a program asks of the device: what its tests would cost on a GPU.
#pragma once

namespace emulated {

void count_launch();  // of a kernel, or of a recorded graph
void count_wait();    // for the device; what small copies to it and giving memory back take is not
                      // counted

}  // namespace emulated
