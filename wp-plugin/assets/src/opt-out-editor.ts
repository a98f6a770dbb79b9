/** The opt-out block in the editor: it looks as the page will show it. Its texts and its place in the inserter come from PHP. */
interface Blocks {
	blocks: { registerBlockType: ( name: string, settings: object ) => void };
	element: { createElement: ( type: unknown, props: object, ...children: unknown[] ) => unknown };
	blockEditor: { useBlockProps: () => object };
	serverSideRender: unknown;
	components: { Disabled: unknown };
}

( ( { blocks, element, blockEditor, serverSideRender, components }: Blocks ) => {
	blocks.registerBlockType( 'qahm-realtime/opt-out', {
		edit: () =>
			element.createElement(
				'div',
				blockEditor.useBlockProps(),
				element.createElement( components.Disabled, {}, element.createElement( serverSideRender, { block: 'qahm-realtime/opt-out' } ) )
			),
		save: () => null,
	} );
} )( ( window as unknown as { wp: Blocks } ).wp );
