file(REMOVE_RECURSE
  "libholdfast_http.a"
)
