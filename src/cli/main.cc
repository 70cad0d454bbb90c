// The program `holdfast`.
#include "cli/program.h"

int main(int argc, char** argv) {
  return holdfast::cli::run_main(argc, argv);
}
