# Which libraries a bundle carries beside the programs: all that they load, but for those of any Debian system and of the
# packages of Open MPI, HDF5 and Boost, which have to fit the machine. As a script it prints them, one a line:
#   cmake -DPROGRAMS="build/bin/fer_dist_train;build/bin/fer_dataset" -P src/cmake/FerBundle.cmake
set(FER_LEFT_TO_THE_SYSTEM
  "^ld-linux" "^lib(c|m|dl|rt|util|pthread|gcc_s|stdc\\+\\+|z)\\.so"
  "^lib(mpi|open-rte|open-pal)[^/]*\\.so" "^libhdf5[^/]*\\.so" "^libboost_[^/]*\\.so")

function(fer_bundled_libraries RESULT)
  file(GET_RUNTIME_DEPENDENCIES EXECUTABLES ${ARGN} PRE_EXCLUDE_REGEXES ${FER_LEFT_TO_THE_SYSTEM}
       RESOLVED_DEPENDENCIES_VAR found)
  set(${RESULT} ${found} PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  fer_bundled_libraries(libraries ${PROGRAMS})
  list(JOIN libraries "\n" lines)
  execute_process(COMMAND ${CMAKE_COMMAND} -E echo ${lines})  # message() would write to standard error
endif()
