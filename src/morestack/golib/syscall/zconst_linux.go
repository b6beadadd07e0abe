package syscall

// Flags of Open.
const (
	O_LARGEFILE = 0x0
	O_RDONLY    = 0x0
	O_WRONLY    = 0x1
	O_RDWR      = 0x2
	O_ACCMODE   = 0x3
	O_CREAT     = 0x40
	O_EXCL      = 0x80
	O_NOCTTY    = 0x100
	O_TRUNC     = 0x200
	O_APPEND    = 0x400
	O_NDELAY    = 0x800
	O_NONBLOCK  = 0x800
	O_DSYNC     = 0x1000
	O_ASYNC     = 0x2000
	O_NOATIME   = 0x40000
	O_CLOEXEC   = 0x80000
	O_FSYNC     = 0x101000
	O_RSYNC     = 0x101000
	O_SYNC      = 0x101000
)

// Modes of files.
const (
	S_IXOTH  = 0x1
	S_IWOTH  = 0x2
	S_IROTH  = 0x4
	S_IRWXO  = 0x7
	S_IXGRP  = 0x8
	S_IWGRP  = 0x10
	S_IRGRP  = 0x20
	S_IRWXG  = 0x38
	S_IEXEC  = 0x40
	S_IXUSR  = 0x40
	S_IWRITE = 0x80
	S_IWUSR  = 0x80
	S_IREAD  = 0x100
	S_IRUSR  = 0x100
	S_IRWXU  = 0x1c0
	S_ISVTX  = 0x200
	S_ISGID  = 0x400
	S_ISUID  = 0x800
	S_IFIFO  = 0x1000
	S_IFCHR  = 0x2000
	S_IFDIR  = 0x4000
	S_IFBLK  = 0x6000
	S_IFREG  = 0x8000
	S_IFLNK  = 0xa000
	S_IFSOCK = 0xc000
	S_IFMT   = 0xf000
)

// What other calls take.
const (
	F_DUPFD         = 0x0
	F_DUPFD_CLOEXEC = 0x406
	F_GETFD         = 0x1
	F_GETFL         = 0x3
	F_SETFD         = 0x2
	F_SETFL         = 0x4
	FD_CLOEXEC      = 0x1
	LOCK_EX         = 0x2
	LOCK_NB         = 0x4
	LOCK_SH         = 0x1
	LOCK_UN         = 0x8
	MAP_ANON        = 0x20
	MAP_ANONYMOUS   = 0x20
	MAP_FIXED       = 0x10
	MAP_NORESERVE   = 0x4000
	MAP_PRIVATE     = 0x2
	MAP_SHARED      = 0x1
	PROT_EXEC       = 0x4
	PROT_NONE       = 0x0
	PROT_READ       = 0x1
	PROT_WRITE      = 0x2
	RUSAGE_SELF     = 0x0
	RUSAGE_CHILDREN = -0x1
	WNOHANG         = 0x1
)
