package run

import (
	"fmt"
	"os"

	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/web/page"
)

// folder reads a pool's own templates and texts. Nothing outside of the folder is
// opened, whatever names and links in it say (A121).
func folder(name string) (page.Folder, error) {
	if name == "" {
		return nil, nil
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := page.ReadFolder(root.FS())
	if err != nil {
		return nil, fmt.Errorf("branding.folder %s:\n%w", name, err)
	}
	return f, nil
}

// Folders tries out the folders of a configuration: the error has everything that
// is wrong in them.
func Folders(cfg *config.Config) error {
	for i := range cfg.Pools {
		p := &cfg.Pools[i]
		f, err := folder(p.Branding.Folder)
		if err != nil {
			return fmt.Errorf("pool %s: %w", p.Name, err)
		}
		if f == nil {
			continue
		}
		builtin, err := page.New(page.Options{})
		if err != nil {
			return err
		}
		if _, err := builtin.Dress(f); err != nil {
			return fmt.Errorf("pool %s: branding.folder %s:\n%w", p.Name, p.Branding.Folder, err)
		}
	}
	return nil
}
