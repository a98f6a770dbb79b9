/** What browsers have and TypeScript's DOM library does not know yet. */
interface Document {
	/** The page is being rendered before anybody asked for it. */
	readonly prerendering?: boolean;
}
