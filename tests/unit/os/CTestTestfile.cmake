# CMake generated Testfile for 
# Source directory: /work/main/build/http-mini/tests/unit/os
# Build directory: /work/main/build/http-mini/tests/unit/os
# 
# This file includes the relevant testing commands required for 
# testing this directory and lists subdirectories to be tested as well.
