package syscall

//go:linkname getenv runtime.getenv
func getenv(index int) string

// envs is the environment, as `name=value`, from the program's start.
var envs = startEnv()

func startEnv() []string {
	var all []string
	for i := 0; ; i++ {
		entry := getenv(i)
		if entry == "" {
			return all
		}
		all = append(all, entry)
	}
}

// named reports whether an entry is that of a variable.
func named(entry, key string) bool {
	return len(entry) > len(key) && entry[len(key)] == '=' && entry[:len(key)] == key
}

// Getenv is the value of a variable of the environment, and whether there is one.
func Getenv(key string) (value string, found bool) {
	if key == "" {
		return "", false
	}
	for _, entry := range envs {
		if named(entry, key) {
			return entry[len(key)+1:], true
		}
	}
	return "", false
}

// Environ is a copy of the environment, as `name=value`.
func Environ() []string { return append([]string(nil), envs...) }
