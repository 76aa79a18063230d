export const egressHelp =
  'a host that the job’s programs may reach, such as docs.example.org or *.example.org; may be repeated'
