# Run at each build (cmake -DSOURCE=... -DOUT=... -P): writes which commit is being built into a header, and touches the
# header only when that has changed.
find_package(Git QUIET)
set(commit unknown)
if(Git_FOUND)
  execute_process(COMMAND ${GIT_EXECUTABLE} -C ${SOURCE} describe --always --dirty
                  OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(answer)
    set(commit ${answer})
  endif()
endif()
file(CONFIGURE OUTPUT ${OUT} CONTENT "#define FER_COMMIT \"${commit}\"\n")
